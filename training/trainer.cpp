#include "training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/version.h"
#include "formats/safetensors.h"
#include "training/loss_networks.h"
#include "training/target.h"

namespace unmix {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCooldown = 10;  // epochs after a reduction of the learning rate that do not count, as Open-Unmix sets it

NamedTensors copies(const NamedTensors& tensors) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) result.emplace_back(name, tensor.to(Device::cpu).clone());
  return result;
}

}  // namespace

Tensor Trainer::on_device(const Tensor& tensor) const {
  return tensor.defined() ? tensor.to(options_.device) : Tensor();
}

struct Trainer::Pending {
  int64_t batch, samples;
  std::vector<std::string> tracks;
  std::optional<Readback> loss;
};

Trainer::Trainer(const TrainOptions& options, MaskNetwork& network, const Stft& stft, const Dataset& dataset,
                 const UnpairedData* unpaired)
    : options_(options),
      targets_(options.targets()),
      network_(network),
      dataset_(dataset),
      unpaired_(unpaired),
      adversary_(make_adversary(options, stft, dataset.frames())),
      features_(make_features(options)),
      optimizer_(network.parameters(), {options.learning_rate(), options.weight_decay}),
      objective_(options.loss.with(make_context(options, adversary_.get(), features_.get()))),
      balancer_(options.balance ? std::make_optional<Balancer>(objective_, options.device) : std::nullopt),
      step_context_{network,
                    stft,
                    objective_,
                    optimizer_,
                    dataset.sample_rate(),
                    options.clip_gradient_norm,
                    adversary_.get(),
                    balancer_ ? &*balancer_ : nullptr},
      schedule_({options.lr_decay_gamma, options.lr_decay_patience, kCooldown}),
      early_stopping_(options.patience) {}

void Trainer::run() {
  while (epoch_ < options_.epochs) {
    const auto start = Clock::now();
    const double train_loss = train_epoch();
    if (finish_epoch(train_loss, std::chrono::duration<double>(Clock::now() - start).count())) {
      if (!options_.quiet)
        fmt::print(stderr, "{}no improvement for {} epochs: stopped\n", options_.label, early_stopping_.bad_epochs());
      return;
    }
  }
}

// Validation, schedule and files after an epoch; returns whether early stopping ends the run.
bool Trainer::finish_epoch(double train_loss, double seconds) {
  const double valid_loss = dataset_.validation_items() == 0 ? train_loss : validate();
  if (adversary_) history_.discriminator_loss.push_back(mean_of(discriminator_sum_));
  ++epoch_;
  batch_ = 0;
  loss_sum_ = discriminator_sum_ = 0.0;
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
    fmt::print(stderr, "{}epoch {}/{}  train {:.6g}  valid {:.6g}{}{}  lr {:.3g}  {}\n", options_.label, epoch_,
               options_.epochs, train_loss, valid_loss, improved ? " *" : "",
               adversary_ ? fmt::format("  discriminators {:.6g}", history_.discriminator_loss.back()) : "", rate,
               clock_time(seconds));
  return stop;
}

double Trainer::train_epoch() {
  network_.train();
  const auto make_batch = [this](int64_t epoch, int64_t first, int64_t count) {
    Batch batch = dataset_.batch(epoch, first, count);
    if (unpaired_ != nullptr) unpaired_->add_to(batch, epoch, first, count);
    return batch;
  };
  Loader loader(make_batch, dataset_.samples_per_epoch(), options_.batch_size, options_.nb_workers);
  loader.start_epoch(epoch_, batch_);
  Progress progress(fmt::format("epoch {}/{}", epoch_ + 1, options_.epochs), loader.batches_per_epoch(),
                    !options_.shows_progress());
  std::optional<Pending> pending;  // the loss of the step before: reading it then costs the device no time
  while (auto batch = loader.next()) {
    Tensor targets = select_targets(*batch, targets_).to(options_.device), mixture = batch->mixture.to(options_.device);
    Pending current{batch_++, mixture.dim(0), std::move(batch->tracks), std::nullopt};
    UnpairedSignals unpaired{on_device(batch->unpaired_mixture), on_device(batch->unpaired_stems)};
    batch.reset();  // the step gets the only handles, so that it can give the waveforms' memory back
    current.loss = training_step(step_context_, std::move(mixture), std::move(targets), options_.seed,
                                 static_cast<uint64_t>(step_++), std::move(unpaired));
    if (pending) account(*pending);
    pending = std::move(current);
    if (loss_count_ > 0) progress.show(batch_, fmt::format("loss {:.5g}", mean_of(loss_sum_)));
    if (save_is_due()) {
      account(*pending);
      pending.reset();
      save_within_epoch();
    }
  }
  if (pending) account(*pending);
  return mean_of(loss_sum_);
}

bool Trainer::save_is_due() const {
  const std::chrono::duration<double, std::ratio<60>> minutes = Clock::now() - saved_;
  return interrupt_requested() || (options_.checkpoint_minutes > 0.0 && minutes.count() >= options_.checkpoint_minutes);
}

// Once all steps are accounted for. Throws Interrupted where that was asked for.
void Trainer::save_within_epoch() {
  write_checkpoint(options_.output / (options_.model_name() + ".chkpnt"), checkpoint());
  saved_ = Clock::now();
  if (interrupt_requested())
    throw Interrupted(
        fmt::format("interrupted in epoch {}; continue with --checkpoint {}", epoch_ + 1, options_.output.string()));
}

// Adds a step's loss to the epoch's; one that is no number ends the run, with the files of the last epoch untouched.
void Trainer::account(const Pending& pending) {
  const std::vector<float> losses = pending.loss->get();  // the discriminators' last
  for (const double loss : losses)
    check(std::isfinite(loss), "train",
          "the loss became {} in epoch {}, step {}, on {}; the last good weights are kept in {}{}", loss, epoch_ + 1,
          pending.batch + 1, fmt::join(pending.tracks, "; "), options_.output.string(), objective_.when_not_finite());
  loss_sum_ += losses.front() * static_cast<double>(pending.samples);
  if (adversary_) discriminator_sum_ += losses.back() * static_cast<double>(pending.samples);
  loss_count_ += pending.samples;
}

double Trainer::validate() {
  network_.train(false);
  double sum = 0.0;
  const int64_t items = dataset_.validation_items();
  Progress progress("validation", items, !options_.shows_progress());
  for (int64_t index = 0; index < items; ++index) {
    if (save_is_due()) save_within_epoch();
    const Batch batch = dataset_.validation(index);
    const double loss = evaluate_loss(step_context_, batch.mixture.to(options_.device),
                                      select_targets(batch, targets_).to(options_.device))
                            .item();
    check(std::isfinite(loss), "train", "the loss of validation track {} became {} in epoch {}{}", batch.tracks[0],
          loss, epoch_ + 1, objective_.when_not_finite());
    sum += loss;
    progress.show(index + 1, "");
  }
  return sum / static_cast<double>(items);
}

nlohmann::json Trainer::run_json() const {
  nlohmann::json run{
      {"args", to_json(options_)},
      {"device", device_description(options_.device)},
      {"epochs_trained", epoch_},
      {"steps_per_epoch", (dataset_.samples_per_epoch() + options_.batch_size - 1) / options_.batch_size},
      {"best_loss", history_.best_loss},
      {"best_epoch", history_.best_epoch},
      {"train_loss_history", history_.train_loss},
      {"valid_loss_history", history_.valid_loss},
      {"train_time_history", history_.train_time},
      {"num_bad_epochs", early_stopping_.bad_epochs()},
      {"commit", std::string(commit())}};
  if (adversary_) run["discriminator_loss_history"] = history_.discriminator_loss;
  if (features_) run["features"] = features_->description();
  if (options_.device == Device::cuda) run["lstm_engine"] = name_of(lstm_engine_used(), lstm_engine_names);
  return run;
}

Checkpoint Trainer::checkpoint() const {
  return {network_.state(),
          best_,
          optimizer_.state(),
          {{"run", run_json()},
           {"data", dataset_.contents()},
           {"batch", batch_},
           {"step", step_},
           {"loss_sum", loss_sum_},
           {"discriminator_sum", discriminator_sum_},
           {"loss_count", loss_count_},
           {"learning_rate", optimizer_.learning_rate()},
           {"balance", balancer_ ? balancer_->state().to_vector() : std::vector<float>{}},
           {"schedule", schedule_.state()},
           {"early_stopping", early_stopping_.state()}},
          adversary_ ? adversary_->state() : NamedTensors{},
          adversary_ ? adversary_->optimizer_state() : NamedTensors{}};
}

// Says what has come to the data set or gone since the checkpoint, on which samples and so the promised bits depend.
void Trainer::compare_data(const nlohmann::json& progress, const std::string& source) const {
  if (!progress.contains("data")) return;  // of an earlier version
  std::vector<std::string> before = progress.at("data"), now = dataset_.contents(), gone, come;
  std::ranges::sort(before);
  std::ranges::sort(now);
  std::ranges::set_difference(before, now, std::back_inserter(gone));
  std::ranges::set_difference(now, before, std::back_inserter(come));
  if (gone.empty() && come.empty()) return;
  const auto list = [](const char* word, const std::vector<std::string>& tracks) {
    return tracks.empty() ? "" : fmt::format("; {} {}: {}", tracks.size(), word, fmt::join(tracks, ", "));
  };
  fmt::print(stderr,
             "unmix: warning: {}the data set has changed since {} was saved, so the results will not be those of an "
             "uninterrupted run{}{}\n",
             options_.label, source, list("gone", gone), list("new", come));
}

void Trainer::resume(const Checkpoint& checkpoint, const std::string& source) {
  try {
    const nlohmann::json& p = checkpoint.progress;
    const nlohmann::json& run = p.at("run");
    const std::string conflict = resume_conflict(run.at("args"), to_json(options_));
    check(conflict.empty(), "checkpoint", "{} cannot be resumed with these options: {}", source, conflict);
    network_.load_state(checkpoint.model, source);
    optimizer_.load_state(checkpoint.optimizer);
    if (adversary_) adversary_->load_state(checkpoint.discriminators, checkpoint.discriminator_optimizer, source);
    optimizer_.set_learning_rate(p.at("learning_rate"));
    if (balancer_) balancer_->load_state(p.at("balance"));
    schedule_.load_state(p.at("schedule"));
    early_stopping_.load_state(p.at("early_stopping"));
    history_ = {run.at("train_loss_history"), run.at("valid_loss_history"),
                run.at("train_time_history"), run.value("discriminator_loss_history", std::vector<double>{}),
                run.at("best_loss"),          run.at("best_epoch")};
    epoch_ = run.at("epochs_trained");
    batch_ = p.at("batch");
    step_ = p.at("step");
    loss_sum_ = p.at("loss_sum");
    discriminator_sum_ = p.value("discriminator_sum", 0.0);
    loss_count_ = p.at("loss_count");
    compare_data(p, source);
  } catch (const nlohmann::json::exception& error) {
    fail("checkpoint", "{}: the training progress in it is damaged ({})", source, error.what());
  }
  best_ = checkpoint.best;
  write_files(!best_.empty());
}

// The checkpoint first: it alone decides what a resume finds.
void Trainer::write_files(bool with_weights) {
  const std::filesystem::path base = options_.output / options_.model_name();
  const auto file = [&](const char* extension) { return base.string() + extension; };
  write_checkpoint(file(".chkpnt"), checkpoint());
  if (with_weights) write_safetensors(file(".safetensors"), {best_, {}});
  if (adversary_) adversary_->write(options_.output / "discriminators" / (options_.model_name() + ".safetensors"));
  write_file(file(".json"), json_text(run_json(), 2) + "\n");
  saved_ = Clock::now();
}

}  // namespace unmix
