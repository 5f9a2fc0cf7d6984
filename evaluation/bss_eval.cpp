#include "evaluation/bss_eval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "evaluation/projections.h"

namespace unmix {
namespace {

constexpr const char* kOp = "bss_eval";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPermuted = 8;  // sources: 40320 orders

BssSignals signals_of(const AudioList& references, const AudioList& estimates) {
  check(!references.empty(), kOp, "there is no reference");
  check(references.size() == estimates.size(), kOp, "there are {} references and {} estimates", references.size(),
        estimates.size());
  const Audio& first = *references[0];
  const auto add = [&](const Audio& audio, const char* what, size_t index, SignalChannels& to) {
    check(audio.sample_rate == first.sample_rate && audio.channels == first.channels, kOp,
          "{} {} ({} Hz, {} channels) and reference 0 ({} Hz, {} channels) differ", what, index, audio.sample_rate,
          audio.channels, first.sample_rate, first.channels);
    check(!bss_silent(audio, 0, first.frames()), kOp, "{} {} is silent throughout", what, index);
    for (int c = 0; c < audio.channels; ++c) to.push_back(audio.channel(c));
  };
  BssSignals signals{{}, {}, static_cast<size_t>(first.channels)};
  for (size_t i = 0; i < references.size(); ++i) {
    check(references[i]->frames() == first.frames(), kOp, "reference {} has {} frames, reference 0 has {}", i,
          references[i]->frames(), first.frames());
    add(*references[i], "reference", i, signals.references);
    add(*estimates[i], "estimate", i, signals.estimates);
  }
  return signals;
}

double decibels(double signal, double remainder) { return 10 * std::log10(signal / remainder); }

BssScores scores_of(const Energies& e, bool sources) {
  const double sir = decibels(e.own, e.interference), sar = decibels(e.all, e.artifacts);
  if (sources) return {decibels(e.own, e.own_error), kNaN, sir, sar};
  return {decibels(e.source, e.error), decibels(e.source, e.spatial), sir, sar};
}

std::vector<Window> windows_of(int64_t frames, const BssEvalOptions& options) {
  std::vector<Window> windows;
  for (int64_t i = 0; i < bss_windows(frames, options.window, options.hop); ++i) {
    const int64_t first = i * options.hop;
    windows.push_back({first, options.window == 0 ? frames : std::min(first + options.window, frames)});
  }
  return windows;
}

bool any_silent(const AudioList& signals, const Window& window) {
  return std::any_of(signals.begin(), signals.end(),
                     [&](const Audio* audio) { return bss_silent(*audio, window.first, window.last); });
}

// Every source with its estimate, or each with each.
std::vector<BssPair> pairs_of(size_t sources, bool permute) {
  std::vector<BssPair> pairs;
  for (size_t s = 0; s < sources; ++s)
    for (size_t e = permute ? 0 : s; e < (permute ? sources : s + 1); ++e) pairs.push_back({s, e});
  return pairs;
}

// By pair of all windows: NaN where something is silent.
std::vector<std::vector<BssScores>> score_pairs(const AudioList& references, const AudioList& estimates,
                                                const std::vector<BssPair>& pairs, const BssEvalOptions& options) {
  const BssSignals signals = signals_of(references, estimates);
  const std::vector<Window> windows = windows_of(references[0]->frames(), options);
  std::vector<Window> sounding;
  std::vector<size_t> places;
  for (size_t w = 0; w < windows.size(); ++w) {
    if (any_silent(references, windows[w]) || any_silent(estimates, windows[w])) continue;
    sounding.push_back(windows[w]);
    places.push_back(w);
  }
  std::vector<std::vector<BssScores>> scores(windows.size(),
                                             std::vector<BssScores>(pairs.size(), {kNaN, kNaN, kNaN, kNaN}));
  const auto score = [&](const ProjectionFilters& filters, size_t begin, size_t end) {
    const auto energies =
        window_energies(signals, pairs, filters,
                        {sounding.begin() + static_cast<int64_t>(begin), sounding.begin() + static_cast<int64_t>(end)},
                        options.threads);
    for (size_t i = begin; i < end; ++i)
      for (size_t p = 0; p < pairs.size(); ++p)
        scores[places[i]][p] = scores_of(energies[i - begin][p], options.sources);
  };
  if (options.mode == BssMode::v4) {
    score(ProjectionFilters(signals, pairs, 0, references[0]->frames(), options.threads), 0, sounding.size());
    return scores;
  }
  for (size_t i = 0; i < sounding.size(); ++i)
    score(ProjectionFilters(signals, pairs, sounding[i].first, sounding[i].last, options.threads), i, i + 1);
  return scores;
}

// The order of estimates with the highest sum of SIR over the windows begin .. end; the first of equal ones.
std::vector<int> best_order(const std::vector<std::vector<BssScores>>& scores, size_t sources, size_t begin,
                            size_t end) {
  std::vector<int> order(sources), best;
  std::iota(order.begin(), order.end(), 0);
  best = order;
  double most = -std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (size_t w = begin; w < end; ++w)
      for (size_t s = 0; s < sources; ++s) {
        const double sir = scores[w][s * sources + static_cast<size_t>(order[s])][2];
        if (!std::isnan(sir)) sum += sir;
      }
    if (sum > most) {
      most = sum;
      best = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

}  // namespace

int64_t bss_windows(int64_t frames, int64_t window, int64_t hop) {
  return window > 0 && window < frames ? (frames - window + hop) / hop : 1;
}

bool bss_silent(const Audio& audio, int64_t begin, int64_t end) {
  for (int64_t t = begin; t < std::min(end, audio.frames()); ++t) {
    double sum = 0;
    for (int c = 0; c < audio.channels; ++c) sum += audio.channel(c)[static_cast<size_t>(t)];
    if (sum != 0) return false;
  }
  return true;
}

BssEvaluation bss_eval(const AudioList& references, const AudioList& estimates, const BssEvalOptions& options) {
  check(options.window >= 0 && (options.window == 0 || options.hop > 0), kOp,
        "a window of {} frames every {} frames is impossible", options.window, options.hop);
  const size_t sources = references.size();
  check(!options.permute || sources <= kMostPermuted, kOp, "the orders of {} sources are too many: {} at most", sources,
        kMostPermuted);
  const std::vector<BssPair> pairs = pairs_of(sources, options.permute);
  const auto scores = score_pairs(references, estimates, pairs, options);
  BssEvaluation result{std::vector<std::vector<BssScores>>(sources), std::vector<std::vector<int>>(sources)};
  std::vector<int> order;
  for (size_t w = 0; w < scores.size(); ++w) {
    if (options.permute && (w == 0 || options.mode == BssMode::v3))
      order = best_order(scores, sources, w, options.mode == BssMode::v3 ? w + 1 : scores.size());
    for (size_t s = 0; s < sources; ++s) {
      const int estimate = options.permute ? order[s] : static_cast<int>(s);
      result.permutation[s].push_back(estimate);
      result.scores[s].push_back(scores[w][options.permute ? s * sources + static_cast<size_t>(estimate) : s]);
    }
  }
  return result;
}

BssEvaluation bss_eval(const std::vector<Audio>& references, const std::vector<Audio>& estimates,
                       const BssEvalOptions& options) {
  const auto list = [](const std::vector<Audio>& signals) {
    AudioList pointers;
    for (const Audio& audio : signals) pointers.push_back(&audio);
    return pointers;
  };
  return bss_eval(list(references), list(estimates), options);
}

}  // namespace unmix
