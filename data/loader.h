// Batches made ahead of their use on worker threads: the same batches in the same order for any number of workers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "data/dataset.h"

namespace unmix {

// Samples first .. first + count of an epoch; called from several threads at once.
using MakeBatch = std::function<Batch(int64_t epoch, int64_t first, int64_t count)>;

class Loader {
 public:
  // `workers` threads make a batch each, and one more waits ready; with 0 workers next() makes the batch itself.
  Loader(MakeBatch make_batch, int64_t samples_per_epoch, int64_t batch_size, int workers);
  // Batches of a data set, which must outlive the loader.
  Loader(const Dataset& dataset, int64_t batch_size, int workers);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches_per_epoch() const;  // the last may be smaller

  // Makes `first_batch` of `epoch` the next one; batches made ahead are dropped.
  void start_epoch(int64_t epoch, int64_t first_batch = 0);

  // The next batch; nothing at the end of the epoch. An error of a worker is thrown where its batch would have come.
  std::optional<Batch> next();

 private:
  struct Made {
    Batch batch;
    std::exception_ptr error;
  };

  Batch make(int64_t epoch, int64_t index) const;
  void work(const std::stop_token& stop);

  const MakeBatch make_batch_;
  const int64_t samples_;  // of an epoch
  const int64_t batch_size_;
  const int64_t ahead_;  // batches begun before their use, which bounds their memory

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any room_;
  std::condition_variable made_one_;
  int64_t epoch_ = 0;
  int64_t run_ = 0;      // counts calls of start_epoch: what was begun before the last one is dropped
  int64_t wanted_ = 0;   // the batch that next() gives
  int64_t claimed_ = 0;  // the first batch that no worker has begun
  std::map<int64_t, Made> made_;

  std::vector<std::jthread> workers_;  // last: stopped before the rest goes
};

}  // namespace unmix
