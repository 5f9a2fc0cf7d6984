// Runs a study: every run that is not finished is trained, or trained on, separated and scored. Runs may work side by
// side in one process; they share the songs.
#pragma once

#include <functional>

#include "experiments/run_result.h"

namespace unmix {

struct StudyOptions {
  int jobs = 1;                   // runs at a time
  std::vector<std::string> only;  // names; empty: all
  std::optional<int64_t> index;   // the one run with this number, from 1
  bool quiet = false;
  std::function<Device()> open_device = [] { return Device::cpu; };  // called once on each thread that works
};

// The runs that the options choose, as indices. Throws UsageError, with the nearest names, for what there is not.
std::vector<size_t> chosen_runs(const Study& study, const StudyOptions& options);

struct RunFailure {
  std::string name, message;
};

// Returns the failures, which stop no other run than those that start from the failed one. A run whose start is not
// among the chosen ones needs it finished. After each run results.md and results.csv are written. Throws Interrupted
// once all runs under way have saved their state.
//
// Each of `jobs` threads computes with its share of the cores (OMP_NUM_THREADS or all). A run's bits do not depend on
// what runs beside it; on the CPU those of large models depend on the number of threads, which oneDNN's products do.
std::vector<RunFailure> run_study(const Study& study, const StudyOptions& options);

}  // namespace unmix
