// unmix loss: one loss and its gradient on a batch from a file.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "base/json.h"
#include "losses/loss_file.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  std::string name, input, output, weights, variant = "seed";
  int64_t n_fft = 0, hop = 0;
};

void run(const Options& options) {
  const Objective objective(options.name, {parse_variant(options.variant)});
  const LossOnFile result =
      loss_on_file(objective, options.input, options.n_fft, options.hop, options.weights, options.common.open_device());
  if (!options.output.empty()) write_mask_gradient(options.output, result);
  nlohmann::json report{{"loss", result.value}};
  if (!result.features.empty()) report["features"] = result.features;
  fmt::print("{}\n", json_text(report));
}

}  // namespace

void add_loss(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("loss", "One loss and its gradient on a batch from a file");
  command->add_option("--name", options->name, "Of the loss, or a weighted sum; 'unmix info' lists them")->required();
  command->add_option("--variant", options->variant, "seed (the study's code) or paper")->capture_default_str();
  command
      ->add_option("--input", options->input,
                   ".safetensors with mixture (B,C,T), targets (K,B,C,T), masks (K,F,B,C,bins); its metadata "
                   "sample_rate, in Hz, is 44100 unless given")
      ->required();
  command->add_option("--weights", options->weights, "Of the loss's network: discriminators, or VGGish");
  command->add_option("--nfft", options->n_fft, "Of the STFT; default: the file's metadata n_fft")
      ->check(CLI::PositiveNumber);
  command->add_option("--nhop", options->hop, "Of the STFT; default: the file's metadata n_hop")
      ->check(CLI::PositiveNumber);
  command->add_option("--output", options->output, "Write the gradient there, as masks.grad of a .safetensors file");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
