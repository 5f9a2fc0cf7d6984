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
  std::string name, input, output, weights;
  Variant variant = Variant::code;
  int64_t n_fft = 0, hop = 0;
};

void run(const Options& options) {
  const Objective objective(options.name, {options.variant});
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
  CLI::App* command = program.add_subcommand("loss", "Compute a loss and its gradient for a batch from a file");
  command->add_option("--name", options->name, "Name of a loss, or a weighted sum of some; 'unmix info' lists them")
      ->required();
  add_choice(*command, "--variant", options->variant, variant_names,
             "Formula as in the code of the study (code) or in its text (paper)");
  command
      ->add_option(
          "--input", options->input,
          ".safetensors file with mixture (B,C,T), targets (K,B,C,T) and masks (K,F,B,C,bins); metadata: n_fft, n_hop, "
          "and sample_rate in Hz (44100 if missing)")
      ->required();
  command->add_option("--weights", options->weights,
                      "Weights of the loss's own networks: its discriminators, or VGGish");
  command->add_option("--nfft", options->n_fft, "STFT size; default: the file's metadata n_fft")
      ->check(CLI::PositiveNumber);
  command->add_option("--nhop", options->hop, "STFT hop; default: the file's metadata n_hop")
      ->check(CLI::PositiveNumber);
  command->add_option("--output", options->output, ".safetensors file to write the gradient to, as masks.grad");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
