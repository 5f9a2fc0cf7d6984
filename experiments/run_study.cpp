#include "experiments/run_study.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <numeric>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/suggest.h"
#include "experiments/score_songs.h"
#include "experiments/shared_songs.h"
#include "experiments/study_tables.h"
#include "training/train.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// One run on the calling thread, from whatever state it is in to its end.
class Runner {
 public:
  Runner(const Study& study, const StudyOptions& options, SharedSongs& songs, Device device)
      : study_(study), options_(options), songs_(songs), device_(device) {}

  void operator()(const StudyRun& run) const {
    RunStatus status = status_of(study_, run);
    if (status.state == RunState::finished) return say(run, "finished before");
    check(status.state != RunState::foreign, "experiments",
          "{} is not of this study: {}; remove it, or give the run another name", study_.folder(run).string(),
          status.note);
    TrainOptions train_options = run.options;
    train_options.device = device_;
    train_options.quiet = options_.quiet;
    if (options_.jobs > 1) train_options.label = run.name + ": ";
    if (!status.result) {
      status.result = train_run(run, train_options, status);
      write_result(study_, run, *status.result);
    }
    score_run(run, train_options, *status.result);
    write_result(study_, run, *status.result);
    say(run, fmt::format("mean SDR {:.2f} dB (mixture {:.2f} dB)", status.result->mean_sdr(),
                         status.result->mean_sdr(true)));
  }

 private:
  void say(const StudyRun& run, const std::string& message) const {
    if (!options_.quiet) fmt::print(stderr, "{}: {}\n", run.name, message);
  }

  RunResult train_run(const StudyRun& run, TrainOptions& options, const RunStatus& status) const {
    if (status.state == RunState::started) {
      say(run, fmt::format("going on, {}", status.note));
      options.checkpoint = options.output;
      options.model.clear();
    } else {
      say(run, run.after.empty() ? "training" : fmt::format("training, from {}", run.after));
    }
    RunResult result;
    result.history = train(options, songs_.in(options.cache_folder()));
    const auto& times = result.history.train_time;
    result.train_seconds = std::accumulate(times.begin(), times.end(), 0.0);
    result.device = device_description(device_);
    return result;
  }

  // In float32, whatever the run was trained with.
  void score_run(const StudyRun& run, const TrainOptions& options, RunResult& result) const {
    const auto start = Clock::now();
    const PrecisionScope precision(Precision::fp32);
    SeparatorOptions separation;
    separation.softmask = study_.scoring.softmask;
    const Separator separator(load_models(options.output, {}, device_), device_, separation);
    for (const auto& song : songs_.scored(options, study_.scoring.subset)) {
      const fs::path folder = study_.scoring.keep_estimates ? study_.folder(run) / "estimates" / song->name() : "";
      for (TargetScore& score : score_song(*song, separator, folder))
        result.scores.push_back({song->name(), std::move(score)});
    }
    result.score_seconds = seconds_since(start);
  }

  const Study& study_;
  const StudyOptions& options_;
  SharedSongs& songs_;
  Device device_;
};

// Hands out the chosen runs in the study's order, each once the one it starts from has ended.
class Queue {
 public:
  Queue(const Study& study, std::vector<size_t> chosen) : study_(study), waiting_(std::move(chosen)) {}

  // The next run; waits for one to become ready. Nothing once all are handed out, or after a stop.
  std::optional<size_t> next() {
    std::unique_lock lock(mutex_);
    while (!stopped_ && !waiting_.empty()) {
      const auto ready = std::find_if(waiting_.begin(), waiting_.end(), [&](size_t run) { return !blocked(run); });
      if (ready != waiting_.end()) {
        const size_t run = *ready;
        waiting_.erase(ready);
        working_.insert(run);
        return run;
      }
      changed_.wait(lock);
    }
    return std::nullopt;
  }

  void ended(size_t run) {
    {
      const std::lock_guard lock(mutex_);
      working_.erase(run);
    }
    changed_.notify_all();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

 private:
  bool blocked(size_t run) const {
    const std::string& after = study_.runs[run].after;
    if (after.empty()) return false;
    const size_t other = *study_.find(after);
    return working_.contains(other) || std::find(waiting_.begin(), waiting_.end(), other) != waiting_.end();
  }

  const Study& study_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<size_t> waiting_;
  std::set<size_t> working_;
  bool stopped_ = false;
};

// The state of one call of run_study.
class Work {
 public:
  Work(const Study& study, const StudyOptions& options, const std::vector<size_t>& runs)
      : study_(study), options_(options), queue_(study, runs) {}

  std::vector<RunFailure> run() {
    if (options_.jobs == 1) {
      work();
    } else {
      const int threads = std::max(1, omp_get_max_threads() / options_.jobs);
      std::vector<std::jthread> workers;
      for (int i = 0; i < options_.jobs; ++i)
        workers.emplace_back([this, threads] {
          omp_set_num_threads(threads);
          work();
        });
    }
    if (error_) std::rethrow_exception(error_);
    return std::move(failures_);
  }

 private:
  void work() {
    try {
      const Runner runner(study_, options_, songs_, options_.open_device());
      while (const auto run = queue_.next()) {
        attempt(runner, study_.runs[*run]);
        update_tables();
        queue_.ended(*run);
      }
    } catch (...) {
      keep_error();
    }
  }

  void attempt(const Runner& runner, const StudyRun& run) {
    try {
      if (interrupt_requested()) throw Interrupted("interrupted");
      if (!run.after.empty()) check_start(run);
      runner(run);
    } catch (const Interrupted&) {
      throw Interrupted("interrupted; the same command goes on");
    } catch (const std::bad_alloc&) {
      failed(run, "out of memory");
    } catch (const std::exception& error) {
      failed(run, error.what());
    }
  }

  void check_start(const StudyRun& run) {
    const RunState state = status_of(study_, study_.runs[*study_.find(run.after)]).state;
    check(state == RunState::finished || state == RunState::trained, "experiments",
          "it starts from the run '{}', which is not finished", run.after);
  }

  void failed(const StudyRun& run, const std::string& message) {
    const std::lock_guard lock(mutex_);
    fmt::print(stderr, "{}: failed: {}\n", run.name, message);
    failures_.push_back({run.name, message});
  }

  void update_tables() {
    const std::lock_guard lock(mutex_);
    write_tables(study_, failures_);
  }

  // The first error that ends the whole study: an interruption, or a device that does not open.
  void keep_error() {
    {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    queue_.stop();
  }

  const Study& study_;
  const StudyOptions& options_;
  SharedSongs songs_;
  Queue queue_;
  std::mutex mutex_;
  std::vector<RunFailure> failures_;
  std::exception_ptr error_;
};

}  // namespace

std::vector<size_t> chosen_runs(const Study& study, const StudyOptions& options) {
  const auto count = static_cast<int64_t>(study.runs.size());
  if (options.index) {
    if (!options.only.empty()) throw UsageError("--index and --only each choose runs: give one");
    if (*options.index < 1 || *options.index > count)
      throw UsageError(fmt::format("--index {}: {} has runs 1 to {}", *options.index, study.file.string(), count));
    return {static_cast<size_t>(*options.index - 1)};
  }
  std::vector<size_t> chosen(study.runs.size());
  std::iota(chosen.begin(), chosen.end(), size_t{0});
  if (options.only.empty()) return chosen;
  std::vector<std::string> names;
  for (const StudyRun& run : study.runs) names.push_back(run.name);
  chosen.clear();
  for (const std::string& name : options.only) {
    const auto run = study.find(name);
    if (!run)
      throw UsageError(fmt::format("--only {}: {} has no such run; nearest: {}", name, study.file.string(),
                                   fmt::join(nearest_names(name, names), ", ")));
    chosen.push_back(*run);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<RunFailure> run_study(const Study& study, const StudyOptions& options) {
  if (options.jobs < 1) throw UsageError(fmt::format("--jobs {}: give 1 or more", options.jobs));
  const std::vector<size_t> runs = chosen_runs(study, options);
  write_missing_songs(study);
  return Work(study, options, runs).run();
}

}  // namespace unmix
