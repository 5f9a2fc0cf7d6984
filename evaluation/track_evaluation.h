// BSSEval of one track by museval's rules: which targets are scored with which, and what is left out with a note.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audio/audio.h"
#include "evaluation/bss_eval.h"

namespace unmix {

using NamedAudio = std::vector<std::pair<std::string, Audio>>;

struct EvaluationOptions {
  BssMode mode = BssMode::v4;
  double window = 1.0, hop = 1.0;  // seconds; window 0: the whole track at once
  int threads = 1;
};

struct TargetEvaluation {
  std::string name;
  std::vector<BssScores> frames;
};

struct TrackEvaluation {
  std::string track;
  double window = 0, hop = 0;  // seconds
  std::vector<TargetEvaluation> targets;
  std::vector<std::string> notes;
};

// The windows in samples. Throws UsageError for what is shorter than a sample, or in v3 than the windows' filters.
BssEvalOptions windows_at(const EvaluationOptions& options, int sample_rate);

// Names of signals that the others do not have; the mixture is no target.
std::vector<std::string> names_without(const NamedAudio& signals, const NamedAudio& others);

// Cut or continued with zeros to the reference's length, as museval has it; a note names the two where they differ.
// Throws where rates or channels differ.
Audio fit_to(const Audio& reference, Audio audio, const std::string& name, std::vector<std::string>& notes);

// Scores the targets that both have, in the order of the references. Where both have vocals and accompaniment, these
// two are scored together and the other targets (with vocals as one of them) without the accompaniment, so that the
// vocals' scores then are those beside the accompaniment. A target whose reference or estimate is silent throughout
// is left out of everything, with a note: BSSEval is undefined then. One target alone gets no SIR (NaN). Estimates
// are cut or continued with zeros to the references' length. Throws where rates or channels differ or no target is
// left; estimates of other lengths and without a reference are noted.
TrackEvaluation evaluate_track(const std::string& track, const NamedAudio& references, const NamedAudio& estimates,
                               const EvaluationOptions& options);

}  // namespace unmix
