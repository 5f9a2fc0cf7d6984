// The training loop: epochs of steps and validation, learning-rate schedule, early stopping, and the model directory.
#pragma once

#include "data/loader.h"
#include "optim/early_stopping.h"
#include "optim/schedule.h"
#include "training/checkpoint.h"
#include "training/options.h"
#include "training/step.h"

namespace unmix {

// Open-Unmix's record of a run; epoch numbers start at 1.
struct History {
  std::vector<double> train_loss, valid_loss, train_time;  // one each per finished epoch; time in seconds
  double best_loss = 0.0;
  int best_epoch = 0;  // 0: none yet
};

class Trainer {
 public:
  // `valid` may be empty: then the training loss decides. All arguments outlive the trainer.
  Trainer(const TrainOptions& options, MaskNetwork& network, const Stft& stft, const Sampler& sampler,
          const DecodedTracks& valid);

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
  double validate();
  bool finish_epoch(double train_loss, double seconds);
  void account(const Pending& pending);
  Tensor select_target(const Batch& batch) const;
  Checkpoint checkpoint() const;
  void write_files(bool with_weights) const;

  const TrainOptions& options_;
  MaskNetwork& network_;
  const Sampler& sampler_;
  const DecodedTracks& valid_;
  Adam optimizer_;
  Learner learner_;
  ReduceLROnPlateau schedule_;
  EarlyStopping early_stopping_;
  History history_;
  NamedTensors best_;       // weights of the best epoch
  int64_t epoch_ = 0;       // epochs finished
  int64_t batch_ = 0;       // batches done in the epoch under way
  int64_t step_ = 0;        // steps of all epochs
  double loss_sum_ = 0.0;   // of the epoch under way, over its samples
  int64_t loss_count_ = 0;
};

}  // namespace unmix
