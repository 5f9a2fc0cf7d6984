// Our half of train_step.py: one training step for each line read, its seconds printed as {"step_seconds": x}.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "base/error.h"
#include "bench/noise.h"
#include "tensor/gemm.h"
#include "training/loss_networks.h"
#include "training/step.h"

using namespace unmix;
using bench::noise;

int main(int argc, char** argv) {
  CLI::App app("One training step of unmix for every line on standard input");
  bool joint = false;
  int64_t hidden = 512, batch = 16;
  double seconds = 6.0;
  std::string loss_name = "L2freq", precision = "fp32", device_name = "cpu", discriminator;
  app.add_flag("--joint", joint);
  app.add_option("--hidden", hidden);
  app.add_option("--batch", batch);
  app.add_option("--seconds", seconds);
  app.add_option("--loss", loss_name);
  app.add_option("--discriminator", discriminator);
  app.add_option("--precision", precision);
  app.add_option("--device", device_name);
  CLI11_PARSE(app, argc, argv);
  try {
    const Device device = parse_device(device_name);
    const PrecisionScope arithmetic(choose("precision", precision, precision_names));
    NetworkConfig config;
    config.max_bin = max_bin_of(44100, 4096, 16000);
    config.hidden = hidden;
    const auto network = default_model(/*one_target=*/!joint).make(config, 1);
    network->to(device);
    const Stft stft(4096, 1024, device);
    Adam optimizer(network->parameters(), {.weight_decay = 1e-5});
    const auto samples = static_cast<int64_t>(seconds * 44100);
    TrainOptions options;
    options.loss = Objective(loss_name);
    if (!discriminator.empty()) options.discriminator = &find_discriminator(discriminator);
    options.device = device;
    options.quiet = true;
    if (!joint) options.target = "vocals";
    const auto adversary = make_adversary(options, stft, samples);
    const auto features = make_features(options);
    const Objective objective = options.loss.with(make_context(options, adversary.get(), features.get()));
    const StepContext context{*network, stft, objective, optimizer, 44100, 0.0, adversary.get()};
    std::string line;
    for (uint64_t step = 0; std::getline(std::cin, line); ++step) {
      Tensor mixture = noise({batch, 2, samples}, 2 * step).to(device);
      Tensor targets = noise({network->heads(), batch, 2, samples}, 2 * step + 1).to(device);
      synchronize(device);
      const auto start = std::chrono::steady_clock::now();
      const Readback loss = training_step(context, std::move(mixture), std::move(targets), 1, step);
      static_cast<void>(loss.get());
      synchronize(device);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      fmt::print("{{\"step_seconds\": {:.6f}}}\n", elapsed.count());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_step: {}\n", error.what());
    return 1;
  }
  return 0;
}
