// unmix metrics: scores of estimates against references.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "evaluation/track_scores.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  std::filesystem::path reference, estimate;
};

void run(const Options& options) {
  const std::vector<TargetScore> scores = score_track(options.reference, options.estimate);
  if (options.common.json) {
    nlohmann::ordered_json result;
    for (const TargetScore& s : scores) result[s.target] = {{"SDR", s.estimate}, {"SDR_mixture", s.mixture}};
    fmt::print("{}\n", result.dump(2));
    return;
  }
  fmt::print("{:<16}{:>12}{:>16}\n", "target", "SDR, dB", "mixture, dB");
  for (const TargetScore& s : scores) fmt::print("{:<16}{:>12.2f}{:>16.2f}\n", s.target, s.estimate, s.mixture);
}

}  // namespace

void add_metrics(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("metrics", "Scores estimates against references");
  command
      ->add_option("--reference", options->reference,
                   "A .stem.mp4, or a folder with mixture.wav and the targets' WAV files")
      ->required();
  command->add_option("--estimate", options->estimate, "Folder of the estimates' WAV files")->required();
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
