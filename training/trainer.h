// The training loop: epochs of steps and validation, learning-rate schedule, early stopping, and the model directory.
#pragma once

#include <chrono>
#include <optional>

#include "data/loader.h"
#include "data/unpaired.h"
#include "models/vggish.h"
#include "optim/early_stopping.h"
#include "optim/schedule.h"
#include "training/checkpoint.h"
#include "training/options.h"
#include "training/step.h"

namespace unmix {

// Open-Unmix's record of a run; epoch numbers start at 1.
struct History {
  std::vector<double> train_loss, valid_loss, train_time;  // one each per finished epoch; time in seconds
  std::vector<double> discriminator_loss = {};             // of adversarial training, one per finished epoch
  double best_loss = 0.0;
  int best_epoch = 0;  // 0: none yet
};

class Trainer {
 public:
  // Without validation items the training loss decides. `unpaired`: of adversarial training, may be null. All arguments
  // outlive the trainer.
  Trainer(const TrainOptions& options, MaskNetwork& network, const Stft& stft, const Dataset& dataset,
          const UnpairedData* unpaired = nullptr);

  // Takes over a checkpoint and writes the model directory as it then was, since a crash may have left its files of
  // different epochs. Throws where the checkpoint belongs to another run or network; `source` names it in messages.
  void resume(const Checkpoint& checkpoint, const std::string& source);

  // Trains to the last epoch or until early stopping, and writes the model directory after each epoch. Throws
  // Interrupted once its state is saved, and Error for a loss that is not finite, the last good files kept.
  void run();

  const History& history() const { return history_; }

 private:
  struct Pending;  // a loss that is still on its way from the device

  double train_epoch();
  bool save_is_due() const;
  void save_within_epoch();
  double validate();
  bool finish_epoch(double train_loss, double seconds);
  void account(const Pending& pending);
  double mean_of(double sum) const { return sum / static_cast<double>(loss_count_); }
  Tensor on_device(const Tensor& tensor) const;  // undefined where the tensor is
  nlohmann::json run_json() const;
  Checkpoint checkpoint() const;
  void compare_data(const nlohmann::json& progress, const std::string& source) const;
  void write_files(bool with_weights);

  const TrainOptions& options_;
  const std::vector<std::string> targets_;  // of the network's heads
  MaskNetwork& network_;
  const Dataset& dataset_;
  const UnpairedData* unpaired_;
  std::unique_ptr<Adversary> adversary_;  // null where the loss has no discriminators
  std::unique_ptr<Vggish> features_;      // null where the loss has no deep features
  Adam optimizer_;
  Objective objective_;
  std::optional<Balancer> balancer_;
  StepContext step_context_;
  ReduceLROnPlateau schedule_;
  EarlyStopping early_stopping_;
  History history_;
  NamedTensors best_;      // weights of the best epoch
  int64_t epoch_ = 0;      // epochs finished
  int64_t batch_ = 0;      // batches done in the epoch under way
  int64_t step_ = 0;       // steps of all epochs
  double loss_sum_ = 0.0;  // of the epoch under way, over its samples
  double discriminator_sum_ = 0.0;
  int64_t loss_count_ = 0;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace unmix
