// What a study has found so far, as tables.
#pragma once

#include "experiments/run_study.h"

namespace unmix {

// A row per run, by falling mean SDR, and the runs that are not finished, with what happened to them.
//
// The losses of a run: training means of its first and its last epoch (taken while the weights change), validation
// after its first and its last epoch, and the best validation. SDR of the weights of the best epoch, in dB, the mean
// over the songs of each target; the last column is the mean of the targets.
std::string study_markdown(const Study& study, const std::vector<RunFailure>& failures);
std::string study_csv(const Study& study);

// Writes both as results.md and results.csv into the study's folder.
void write_tables(const Study& study, const std::vector<RunFailure>& failures);

// "  3  L2freq  finished, mean SDR 5.53 dB", a line for each chosen run.
std::string study_states(const Study& study, const std::vector<size_t>& chosen);

}  // namespace unmix
