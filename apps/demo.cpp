// unmix demo: the whole path on built-in songs.
#include <fmt/core.h>

#include "apps/commands.h"
#include "base/interrupt.h"
#include "experiments/demo.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  DemoOptions demo;
};

void run(Options& options) {
  options.demo.seed = options.common.seed;
  options.demo.quiet = options.common.quiet;
  options.demo.device = options.common.open_device();
  catch_interrupts();
  const std::vector<DemoScore> scores = run_demo(options.demo);
  fmt::print("{}", demo_table(scores));
  options.common.say(
      fmt::format("songs, models, estimates, pictures and scores are in {}; to look at and listen to: {}",
                  options.demo.output.string(), (options.demo.output / "report/index.html").string()));
}

}  // namespace

void add_demo(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  options->demo.output = "unmix-demo";
  CLI::App* command = program.add_subcommand("demo", "Make songs, train on them, and separate and score two others");
  command->add_option("--output", options->demo.output, "Folder to write to")->capture_default_str();
  command->add_flag("--tiny", options->demo.tiny, "Quick run of a few seconds; its scores are meaningless");
  add_common_options(*command, options->common, false);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
