// Our half of train_step.py, whose first lines describe what goes in and out.
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <optional>

#include "base/error.h"
#include "bench/noise.h"
#include "tensor/gemm.h"
#include "tensor/lstm_engine.h"
#include "training/loss_networks.h"
#include "training/step.h"

using namespace unmix;
using bench::noise;

// A line of standard input.
int64_t turn_length(const std::string& line) {
  int64_t steps = 0;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, steps);
  check(error == std::errc() && rest == end && steps > 0, "standard input", "'{}' is not a number of steps", line);
  return steps;
}

int main(int argc, char** argv) {
  CLI::App app("Take as many training steps as each line of standard input says, and print the seconds of one");
  app.option_defaults()->always_capture_default();
  bool joint = false;
  int64_t hidden = 512, batch = 16;
  double seconds = 6.0;
  std::string loss_name = "L2freq", precision = "fp32", engine = "auto", device_name = "cpu", discriminator;
  app.add_flag("--joint", joint, "Train four targets in one network instead of one target");
  app.add_option("--hidden", hidden, "Width of the network's layers");
  app.add_option("--batch", batch, "Excerpts in a batch");
  app.add_option("--seconds", seconds, "Length of an excerpt");
  app.add_option("--loss", loss_name, "Name of a loss or a weighted sum");
  app.add_option("--discriminator", discriminator, "Network of the discriminators of the loss Adversarial");
  app.add_option("--precision", precision, "Arithmetic of matrix products: fp32, tf32 (on CUDA) or bf16");
  app.add_option("--lstm-engine", engine, "LSTM on CUDA: auto, standard or persistent");
  app.add_option("--device", device_name, "Device to compute on: cpu, cuda or cuda:N");
  CLI11_PARSE(app, argc, argv);
  try {
    const Device device = parse_device(device_name);
    const PrecisionScope arithmetic(choose("precision", precision, precision_names));
    const LstmEngineScope lstm(choose("lstm-engine", engine, lstm_engine_names));
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
    // Kept for every step: a tensor with a second handle is neither written to nor freed.
    const Tensor mixture = noise({batch, 2, samples}, 0).to(device);
    const Tensor targets = noise({network->heads(), batch, 2, samples}, 1).to(device);
    uint64_t step = 0;
    for (std::string line; std::getline(std::cin, line);) {
      const int64_t steps = turn_length(line);
      synchronize(device);
      const auto start = std::chrono::steady_clock::now();
      std::optional<Readback> loss;
      for (int64_t i = 0; i < steps; ++i) loss = training_step(context, mixture, targets, 1, step++);
      static_cast<void>(loss->get());
      synchronize(device);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      fmt::print("{{\"step_seconds\": {:.6f}}}\n", elapsed.count() / static_cast<double>(steps));
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_step: {}\n", error.what());
    return 1;
  }
  return 0;
}
