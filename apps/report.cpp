// unmix report: a page with tables, charts and examples of the results of runs.
#include "report/report.h"

#include <fmt/core.h>

#include "apps/commands.h"
#include "base/error.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  ReportOptions report;
};

void run(const Options& options) {
  const WrittenReport report = write_report(options.report);
  for (const std::string& problem : report.problems) options.common.warn(problem);
  fmt::print("{}\n", report.page.string());
  if (!report.problems.empty())
    throw Error(fmt::format("[report] {} of the files and folders could not be used, the report has the others",
                            report.problems.size()));
}

}  // namespace

void add_report(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  options->report.output = "unmix-report";
  CLI::App* command =
      program.add_subcommand("report", "Write a page with tables, charts, training curves and examples");
  command
      ->add_option("DIR", options->report.folders,
                   "Folders of museval's scores, of `unmix experiments` or `unmix demo`, or model directories")
      ->required();
  command->add_option("--output", options->report.output, "Folder to write to")->capture_default_str();
  command->add_flag("--published", options->report.published,
                    "Show published scores beside these: SiSEC 2018, Open-Unmix and the study of the losses");
  command->add_option(
      "--sisec", options->report.sisec,
      "CSV file of SiSEC's scores per track (method,track,target,SDR,SIR,ISR,SAR), for box plots and tests");
  command->add_option("--study", options->report.study,
                      "CSV file of a published table to show beside these: loss,vocals,drums,bass,other");
  add_common_options(*command, options->common, false);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
