#include "data/loader.h"

#include <omp.h>

#include <algorithm>

#include "base/error.h"

namespace unmix {

Loader::Loader(const Dataset& dataset, int64_t batch_size, int workers)
    : Loader([&dataset](int64_t epoch, int64_t first, int64_t count) { return dataset.batch(epoch, first, count); },
             dataset.samples_per_epoch(), batch_size, workers) {}

Loader::Loader(MakeBatch make_batch, int64_t samples_per_epoch, int64_t batch_size, int workers)
    : make_batch_(std::move(make_batch)), samples_(samples_per_epoch), batch_size_(batch_size), ahead_(workers + 1) {
  check(batch_size > 0, "data", "the batch size is {}, at least 1 is needed", batch_size);
  check(workers >= 0, "data", "{} workers: at least 0 are needed", workers);
  claimed_ = batches_per_epoch();  // nothing to do before the first epoch
  wanted_ = claimed_;
  for (int i = 0; i < workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

Loader::~Loader() {
  for (std::jthread& worker : workers_) worker.request_stop();
}

int64_t Loader::batches_per_epoch() const { return (samples_ + batch_size_ - 1) / batch_size_; }

void Loader::start_epoch(int64_t epoch, int64_t first_batch) {
  check(first_batch >= 0 && first_batch <= batches_per_epoch(), "data", "batch {} asked for, an epoch has {}",
        first_batch, batches_per_epoch());
  {
    const std::lock_guard lock(mutex_);
    epoch_ = epoch;
    ++run_;
    wanted_ = first_batch;
    claimed_ = first_batch;
    made_.clear();
  }
  room_.notify_all();
}

std::optional<Batch> Loader::next() {
  std::unique_lock lock(mutex_);
  if (wanted_ == batches_per_epoch()) return std::nullopt;
  if (workers_.empty()) return make(epoch_, wanted_++);
  made_one_.wait(lock, [this] { return made_.contains(wanted_); });
  Made made = std::move(made_.extract(wanted_++).mapped());
  lock.unlock();
  room_.notify_one();
  if (made.error) std::rethrow_exception(made.error);
  return std::move(made.batch);
}

Batch Loader::make(int64_t epoch, int64_t index) const {
  const int64_t first = index * batch_size_;
  return make_batch_(epoch, first, std::min(batch_size_, samples_ - first));
}

void Loader::work(const std::stop_token& stop) {
  // A worker is one thread beside the step's. A team of its own would also be torn down while the program may be
  // leaving, as after an interruption.
  omp_set_num_threads(1);
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return claimed_ < std::min(batches_per_epoch(), wanted_ + ahead_); };
  while (room_.wait(lock, stop, has_room) && !stop.stop_requested()) {
    const int64_t run = run_;
    const int64_t epoch = epoch_;
    const int64_t index = claimed_++;
    lock.unlock();
    Made made;
    try {
      made.batch = make(epoch, index);
    } catch (...) {
      made.error = std::current_exception();
    }
    lock.lock();
    if (run != run_) continue;
    made_.emplace(index, std::move(made));
    made_one_.notify_one();
  }
}

}  // namespace unmix
