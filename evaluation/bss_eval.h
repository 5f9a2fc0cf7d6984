// BSSEval: how far estimates of sources are from the true ones, in dB. Each estimate is projected onto the span of its
// own true source delayed by 0 .. 511 samples in every channel (P_j) and onto that of all true sources (P):
//   images:  SDR = |s|^2 / |e - s|^2, ISR = |s|^2 / |P_j - s|^2, SIR = |P_j|^2 / |P - P_j|^2, SAR = |P|^2 / |e - P|^2
//   sources: SDR = |P_j|^2 / |e - P_j|^2, SIR and SAR the same, no ISR
// Vincent, Gribonval, Févotte, "Performance measurement in blind audio source separation", IEEE TASLP 2006; Stöter,
// Liutkus, Ito, "The 2018 Signal Separation Evaluation Campaign", LVA/ICA 2018. In double throughout.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "audio/audio.h"
#include "base/choice.h"

namespace unmix {

inline constexpr int64_t bss_filter_length = 512;
inline const std::vector<std::string> bss_metrics = {"SDR", "ISR", "SIR", "SAR"};

enum class BssMode {
  v4,  // one set of filters for the whole signal, scored window by window
  v3,  // filters of each window's own
};

inline constexpr Choice<BssMode> bss_mode_names[] = {{"v4", BssMode::v4}, {"v3", BssMode::v3}};

struct BssEvalOptions {
  BssMode mode = BssMode::v4;
  int64_t window = 0, hop = 0;  // in samples; 0: one window that is the whole signal
  bool sources = false;         // bss_eval_sources: for mono signals whose filtered versions count as right
  bool permute = false;         // estimates belong to the sources in the order of the highest mean SIR; v3: by window
  int threads = 1;
};

// By bss_metrics' order. NaN in all scores of a window in which a source or an estimate is silent; ISR of `sources` is
// NaN. The SDR of an exact estimate is infinite.
using BssScores = std::array<double, 4>;

struct BssEvaluation {
  std::vector<std::vector<BssScores>> scores;  // [source][window]
  std::vector<std::vector<int>> permutation;   // [source][window]: the estimate that is this source's
};

// Windows that fit into a signal, as museval has them: 1 where it is no longer than one window; a last part is left
// out.
int64_t bss_windows(int64_t frames, int64_t window, int64_t hop);

// Silent to BSSEval: the sum over the channels is zero at each of the frames begin .. end. So a signal in exact
// anti-phase is silent, too.
bool bss_silent(const Audio& audio, int64_t begin, int64_t end);

// References of one length, rate and number of channels; estimates are cut or continued with zeros to that length.
// Throws where forms differ, where a signal is silent throughout, and where fewer than one source is given. Memory:
// the signals, 8 (512 sources channels)^2 / 2 bytes and some 100 MB.
using AudioList = std::vector<const Audio*>;
BssEvaluation bss_eval(const AudioList& references, const AudioList& estimates, const BssEvalOptions& options);
BssEvaluation bss_eval(const std::vector<Audio>& references, const std::vector<Audio>& estimates,
                       const BssEvalOptions& options);

}  // namespace unmix
