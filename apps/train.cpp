// unmix train: one model with one loss.
#include <fmt/core.h>

#include <numeric>

#include "apps/commands.h"
#include "base/interrupt.h"
#include "training/train.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  TrainOptions train;
  std::string dataset = "musdb";
};

void run(Options& options) {
  options.train.seed = options.common.seed;
  options.train.quiet = options.common.quiet;
  options.train.device = options.common.open_device();
  catch_interrupts();
  const History history = train(options.train);
  const double seconds = std::accumulate(history.train_time.begin(), history.train_time.end(), 0.0);
  if (options.common.json)
    fmt::print("{}\n", nlohmann::json{{"output", options.train.output.string()},
                                      {"epochs", history.train_loss.size()},
                                      {"best_epoch", history.best_epoch},
                                      {"best_loss", history.best_loss},
                                      {"seconds", seconds}}
                           .dump(2));
  else
    fmt::print("{}: best loss {:.6g} in epoch {} of {}\n", options.train.output.string(), history.best_loss,
               history.best_epoch, history.train_loss.size());
}

void add_data_options(CLI::App& command, Options& options) {
  TrainOptions& o = options.train;
  command.add_option("--root", o.root, "Folder of MUSDB18, or of MUSDB18-HQ with --is-wav")->required();
  command.add_flag("--is-wav", o.is_wav, "Folders of WAV files instead of .stem.mp4");
  command.add_option("--dataset", options.dataset, "musdb")->check(CLI::IsMember({"musdb"}))->capture_default_str();
  command.add_option("--cache", o.cache, "Folder for decoded stems; default: the user's cache");
  command.add_option("--seq-dur", o.seq_dur, "Seconds of a training sample")->capture_default_str();
  command.add_option("--samples-per-track", o.samples_per_track, "Samples of each track in an epoch")
      ->capture_default_str();
  command.add_option("--reduce-samples", o.reduce_samples, "Divides the samples per track")->capture_default_str();
  command.add_option("--source-augmentations", o.source_augmentations, "gain, channelswap; in the given order")
      ->expected(0, -1)
      ->capture_default_str();
  command.add_flag("--random-track-mix,!--no-random-track-mix", o.random_track_mix,
                   "Each source from another track and place (default)");
  command.add_option("--nb-workers", o.nb_workers, "Threads that make batches; 0: the training thread itself")
      ->capture_default_str();
}

void add_model_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--architecture", o.architecture, "joint or single; default: single where --target is given");
  command.add_option("--target", o.target, "vocals, drums, bass, other or accompaniment");
  command.add_flag("--unidirectional", o.unidirectional, "LSTM in one direction only");
  command.add_option("--nfft", o.nfft, "STFT size")->capture_default_str();
  command.add_option("--nhop", o.nhop, "STFT hop")->capture_default_str();
  command.add_option("--hidden-size", o.hidden_size, "Units of the network's layers")->capture_default_str();
  command.add_option("--nb-layers", o.nb_layers, "LSTM layers")->capture_default_str();
  command.add_option("--dropout", o.dropout, "Between LSTM layers")->capture_default_str();
  command.add_option("--bandwidth", o.bandwidth, "Hz that the network looks at")->capture_default_str();
  command.add_option("--nb-channels", o.nb_channels, "Audio channels")->capture_default_str();
}

void add_run_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--loss", o.loss, "Name of a loss; 'unmix info' lists them")->capture_default_str();
  command.add_option("--variant", o.variant, "seed (the study's code) or paper (its text)")->capture_default_str();
  command.add_option("--output", o.output, "Model directory to write")->capture_default_str();
  command.add_option("--checkpoint", o.checkpoint, "Model directory to resume");
  command.add_option("--model", o.model, "Model directory whose weights to start from");
  command.add_option("--epochs", o.epochs, "In total, a resumed run's earlier ones included")->capture_default_str();
  command.add_option("--batch-size", o.batch_size, "Samples of a step")->capture_default_str();
  command.add_option("--lr", o.lr, "Learning rate, or auto: the study's for the loss")->capture_default_str();
  command.add_option("--patience", o.patience, "Epochs without improvement before training stops")
      ->capture_default_str();
  command.add_option("--lr-decay-patience", o.lr_decay_patience, "Epochs without improvement before the rate falls")
      ->capture_default_str();
  command.add_option("--lr-decay-gamma", o.lr_decay_gamma, "Factor by which it falls")->capture_default_str();
  command.add_option("--weight-decay", o.weight_decay, "Of Adam, coupled")->capture_default_str();
  command.add_option("--clip-gradient-norm", o.clip_gradient_norm, "Largest norm of all gradients; 0: off")
      ->capture_default_str();
  command.add_option("--precision", o.precision, "Of products: fp32, tf32 (CUDA) or bf16")->capture_default_str();
}

}  // namespace

void add_train(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("train", "Trains a model");
  add_data_options(*command, *options);
  add_model_options(*command, options->train);
  add_run_options(*command, options->train);
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
