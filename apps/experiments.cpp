// unmix experiments: every run of a study trained, separated and scored.
#include <fmt/core.h>

#include "apps/commands.h"
#include "apps/file_arguments.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "experiments/study_tables.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  std::vector<std::filesystem::path> files;
  StudyOverrides overrides;
  StudyOptions study;
  bool dry_run = false;
};

void print_results(const Study& study, const std::vector<RunFailure>& failures, bool json) {
  if (!json) return fmt::print("{}", study_markdown(study, failures));
  auto list = nlohmann::ordered_json::array();
  for (const StudyRun& run : study.runs)
    if (const RunStatus status = status_of(study, run); status.state == RunState::finished)
      list.push_back(to_json(study, run, *status.result));
  fmt::print("{}\n", json_text(list, 2));
}

void run(Options& options) {
  give_back_files("--only", options.study.only, options.files);
  if (options.files.size() > 1)
    throw UsageError(fmt::format("{} files were given; one study at a time", options.files.size()));
  const Study study = read_study(options.files.front(), options.overrides);
  const std::vector<size_t> chosen = chosen_runs(study, options.study);
  if (options.dry_run) return fmt::print("{}", study_states(study, chosen));
  static_cast<void>(options.common.open_device());  // a wrong --device is told before anything is written
  options.study.quiet = options.common.quiet;
  options.study.open_device = [&] { return options.common.open_device(); };
  catch_interrupts();
  const std::vector<RunFailure> failures = run_study(study, options.study);
  print_results(study, failures, options.common.json);
  if (failures.empty()) return;
  std::vector<std::string> names;
  for (const RunFailure& failure : failures) names.push_back(failure.name);
  throw Error(fmt::format("{} of {} runs failed: {}", failures.size(), chosen.size(), fmt::join(names, ", ")));
}

}  // namespace

void add_experiments(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("experiments", "Train and score every run of a study that is not finished");
  command->add_option("FILE", options->files, "TOML file of the study");
  command->add_option("--output", options->overrides.output, "Folder for the results; overrides the file");
  command->add_option("--root", options->overrides.root, "Folder of the songs; overrides the file");
  command->add_option("--cache", options->overrides.cache, "Folder for decoded stems; overrides the file");
  command->add_option("--jobs", options->study.jobs, "Number of runs to work on at the same time, on one device")
      ->capture_default_str();
  command->add_option("--only", options->study.only, "Names of the runs to work on; default: all");
  command->add_option("--index", options->study.index, "Number of the only run to work on, from 1; for job arrays");
  command->add_flag("--dry-run", options->dry_run, "List the runs and their states without starting any");
  add_common_options(*command, options->common, true);
  command->callback([options, command] {
    if (command->count("--seed") > 0) options->overrides.seed = options->common.seed;
    run(*options);
  });
}

}  // namespace unmix
