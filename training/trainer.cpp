#include "training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/version.h"
#include "tensor/safetensors.h"
#include "training/progress.h"

namespace unmix {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPrefetch = 2;   // batches made ahead of their use
constexpr int kCooldown = 10;  // epochs after a reduction of the learning rate that do not count, as Open-Unmix sets it

NamedTensors copies(const NamedTensors& tensors) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) result.emplace_back(name, tensor.to(Device::cpu).clone());
  return result;
}

nlohmann::json run_json(const TrainOptions& options, const History& history, int64_t epochs, int bad_epochs) {
  return {{"args", to_json(options)},
          {"device", device_description(options.device)},
          {"epochs_trained", epochs},
          {"best_loss", history.best_loss},
          {"best_epoch", history.best_epoch},
          {"train_loss_history", history.train_loss},
          {"valid_loss_history", history.valid_loss},
          {"train_time_history", history.train_time},
          {"num_bad_epochs", bad_epochs},
          {"commit", std::string(commit())}};
}

}  // namespace

struct Trainer::Pending {
  int64_t batch, samples;
  std::vector<std::string> tracks;
  std::optional<Readback> loss;
};

Trainer::Trainer(const TrainOptions& options, MaskNetwork& network, const Stft& stft, const Sampler& sampler,
                 const DecodedTracks& valid)
    : options_(options),
      network_(network),
      sampler_(sampler),
      valid_(valid),
      optimizer_(network.parameters(), {options.learning_rate(), options.weight_decay}),
      learner_{network, stft, find_loss(options.loss), options.loss_variant(), optimizer_, options.clip_gradient_norm},
      schedule_({options.lr_decay_gamma, options.lr_decay_patience, kCooldown}),
      early_stopping_(options.patience) {}

void Trainer::run() {
  while (epoch_ < options_.epochs) {
    const auto start = Clock::now();
    const double train_loss = train_epoch();
    if (finish_epoch(train_loss, std::chrono::duration<double>(Clock::now() - start).count())) {
      if (!options_.quiet) fmt::print(stderr, "no improvement for {} epochs: stopped\n", early_stopping_.bad_epochs());
      return;
    }
  }
}

// Validation, schedule and files after an epoch; returns whether early stopping ends the run.
bool Trainer::finish_epoch(double train_loss, double seconds) {
  const double valid_loss = valid_.empty() ? train_loss : validate();
  ++epoch_;
  batch_ = 0;
  loss_sum_ = 0.0;
  loss_count_ = 0;
  const double rate = optimizer_.learning_rate();
  optimizer_.set_learning_rate(schedule_.step(valid_loss, rate));
  const bool stop = early_stopping_.step(valid_loss);
  history_.train_loss.push_back(train_loss);
  history_.valid_loss.push_back(valid_loss);
  history_.train_time.push_back(seconds);
  const bool improved = early_stopping_.bad_epochs() == 0;
  if (improved) {
    history_.best_loss = valid_loss;
    history_.best_epoch = static_cast<int>(epoch_);
    best_ = copies(network_.state());
  }
  write_files(improved);
  if (!options_.quiet)
    fmt::print(stderr, "epoch {}/{}  train {:.6g}  valid {:.6g}{}  lr {:.3g}  {}\n", epoch_, options_.epochs,
               train_loss, valid_loss, improved ? " *" : "", rate, clock_time(seconds));
  return stop;
}

double Trainer::train_epoch() {
  network_.train();
  Loader loader(sampler_, options_.batch_size, options_.nb_workers, kPrefetch);
  loader.start_epoch(epoch_, batch_);
  Progress progress(fmt::format("epoch {}/{}", epoch_ + 1, options_.epochs), loader.batches_per_epoch(),
                    options_.quiet);
  std::optional<Pending> pending;  // the loss of the step before: reading it then costs the device no time
  while (auto batch = loader.next()) {
    Tensor targets = select_target(*batch).to(options_.device), mixture = batch->mixture.to(options_.device);
    Pending current{batch_++, mixture.dim(0), std::move(batch->tracks), std::nullopt};
    batch.reset();  // the step gets the only handles, so that it can give the waveforms' memory back
    current.loss =
        training_step(learner_, std::move(mixture), std::move(targets), options_.seed, static_cast<uint64_t>(step_++));
    if (pending) account(*pending);
    pending = std::move(current);
    if (loss_count_ > 0)
      progress.show(batch_, fmt::format("loss {:.5g}", loss_sum_ / static_cast<double>(loss_count_)));
    if (interrupt_requested()) {
      account(*pending);
      write_checkpoint(options_.output / (options_.model_name() + ".chkpnt"), checkpoint());
      throw Interrupted(
          fmt::format("interrupted in epoch {}; continue with --checkpoint {}", epoch_ + 1, options_.output.string()));
    }
  }
  if (pending) account(*pending);
  return loss_sum_ / static_cast<double>(loss_count_);
}

// Adds a step's loss to the epoch's; one that is no number ends the run, with the files of the last epoch untouched.
void Trainer::account(const Pending& pending) {
  const double loss = pending.loss->get().at(0);
  check(std::isfinite(loss), "train",
        "the loss became {} in epoch {}, step {}, on {}; the last good weights are kept in {}", loss, epoch_ + 1,
        pending.batch + 1, fmt::join(pending.tracks, "; "), options_.output.string());
  loss_sum_ += loss * static_cast<double>(pending.samples);
  loss_count_ += pending.samples;
}

double Trainer::validate() {
  network_.train(false);
  double sum = 0.0;
  Progress progress("validation", static_cast<int64_t>(valid_.size()), options_.quiet);
  int64_t done = 0;
  for (const auto& track : valid_) {
    const Batch batch = validation_track(*track);
    const double loss =
        evaluate_loss(learner_, batch.mixture.to(options_.device), select_target(batch).to(options_.device)).item();
    check(std::isfinite(loss), "train", "the loss of validation track {} became {} in epoch {}", track->name(), loss,
          epoch_ + 1);
    sum += loss;
    progress.show(++done, "");
  }
  return sum / static_cast<double>(valid_.size());
}

// The targets that the network's heads estimate: all sources, one of them, or the mixture without the vocals.
Tensor Trainer::select_target(const Batch& batch) const {
  if (options_.joint()) return batch.targets;
  const auto found = std::find(musdb_sources.begin(), musdb_sources.end(), options_.target);
  if (found != musdb_sources.end()) {
    const int64_t k = found - musdb_sources.begin();
    return batch.targets.rows(k, k + 1);
  }
  Tensor rest = Tensor::empty(batch.targets.rows(0, 1).shape());
  const float *mixture = batch.mixture.data(), *vocals = batch.targets.data();
  for (int64_t i = 0; i < rest.size(); ++i) rest.data()[i] = mixture[i] - vocals[i];
  return rest;
}

Checkpoint Trainer::checkpoint() const {
  return {network_.state(),
          best_,
          optimizer_.state(),
          {{"run", run_json(options_, history_, epoch_, early_stopping_.bad_epochs())},
           {"batch", batch_},
           {"step", step_},
           {"loss_sum", loss_sum_},
           {"loss_count", loss_count_},
           {"learning_rate", optimizer_.learning_rate()},
           {"schedule", schedule_.state()},
           {"early_stopping", early_stopping_.state()}}};
}

void Trainer::resume(const Checkpoint& checkpoint, const std::string& source) {
  try {
    const nlohmann::json& p = checkpoint.progress;
    const nlohmann::json& run = p.at("run");
    const std::string conflict = resume_conflict(run.at("args"), to_json(options_));
    check(conflict.empty(), "checkpoint", "{} cannot be resumed with these options: {}", source, conflict);
    network_.load_state(checkpoint.model, source);
    optimizer_.load_state(checkpoint.optimizer);
    optimizer_.set_learning_rate(p.at("learning_rate"));
    schedule_.load_state(p.at("schedule"));
    early_stopping_.load_state(p.at("early_stopping"));
    history_ = {run.at("train_loss_history"), run.at("valid_loss_history"), run.at("train_time_history"),
                run.at("best_loss"), run.at("best_epoch")};
    epoch_ = run.at("epochs_trained");
    batch_ = p.at("batch");
    step_ = p.at("step");
    loss_sum_ = p.at("loss_sum");
    loss_count_ = p.at("loss_count");
  } catch (const nlohmann::json::exception& error) {
    fail("checkpoint", "{}: the training progress in it is damaged ({})", source, error.what());
  }
  best_ = checkpoint.best;
  write_files(!best_.empty());
}

// The checkpoint first: it alone decides what a resume finds.
void Trainer::write_files(bool with_weights) const {
  const std::filesystem::path base = options_.output / options_.model_name();
  const auto file = [&](const char* extension) { return base.string() + extension; };
  write_checkpoint(file(".chkpnt"), checkpoint());
  if (with_weights) write_safetensors(file(".safetensors"), {best_, {}});
  write_file(file(".json"), run_json(options_, history_, epoch_, early_stopping_.bad_epochs()).dump(2) + "\n");
}

}  // namespace unmix
