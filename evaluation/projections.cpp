// Filters: the normal equations G h = d, with G the correlations of all delayed references, d theirs with an estimate.
// Energies: the filtered references come segment by segment from FFTs (overlap-save), so a window may be of any length.
#include "evaluation/projections.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "evaluation/bss_eval.h"
#include "evaluation/cholesky.h"

namespace unmix {
namespace {

constexpr int64_t kTaps = bss_filter_length;
constexpr int64_t kFft = 8192;                // 6 segments hold a filtered second at 44.1 kHz
constexpr int64_t kHop = kFft - (kTaps - 1);  // new samples of a segment
constexpr int64_t kBins = kFft / 2 + 1;
constexpr int64_t kBlock = 256;  // bins multiplied at a time: they stay in the cache

// Filters (references * kTaps, columns) from the given references to columns of the estimates.
std::vector<double> least_squares(const Correlations& r, size_t first_reference, size_t references,
                                  size_t first_estimate, size_t columns, int threads) {
  const int64_t n = static_cast<int64_t>(references) * kTaps;
  const auto row = [&](int64_t i, double* to) {
    for (int64_t j = i; j < n; ++j)
      to[j - i] = r.references(first_reference + static_cast<size_t>(i / kTaps),
                               first_reference + static_cast<size_t>(j / kTaps), i % kTaps - j % kTaps);
    to[0] += std::numeric_limits<double>::epsilon();  // museval adds it too
  };
  std::vector<double> filters;
  for (int64_t i = 0; i < n; ++i)
    for (size_t c = 0; c < columns; ++c)
      filters.push_back(r.estimate(first_reference + static_cast<size_t>(i / kTaps), first_estimate + c, i % kTaps));
  Cholesky(n, row, threads).solve(filters.data(), static_cast<int64_t>(columns), threads);
  return filters;
}

// What a thread needs for one segment of all signals.
class Segment {
 public:
  Segment(const BssSignals& signals, const std::vector<BssPair>& pairs, const ProjectionFilters& filters)
      : signals_(signals),
        pairs_(pairs),
        filters_(filters),
        spectra_(static_cast<int64_t>(signals.references.size()), kBins),
        all_(static_cast<int64_t>(signals.estimates.size()) * kFft),
        sum_(1, kBins),
        spectrum_(kFft + 2),
        own_(kFft),
        source_(kFft),
        estimate_(kFft) {}

  // Adds the energies of the filtered signals' samples begin .. end, at most kHop, of a window.
  void add(const Window& window, int64_t begin, int64_t end, std::vector<Energies>& energies) {
    for (size_t r = 0; r < signals_.references.size(); ++r) {
      read_channel(signals_.references[r], begin - kTaps + 1, kFft, window.first, window.last, own_.get());
      filters_.fft().forward(own_.get(), spectrum_.get());
      spectra_.set(static_cast<int64_t>(r), spectrum_.get());
    }
    for (size_t e = 0; e < signals_.estimates.size(); ++e)
      project(
          0, signals_.references.size(), [&](size_t r) { return filters_.of_all(r, e); },
          all_.get() + static_cast<int64_t>(e) * kFft);
    for (size_t p = 0; p < pairs_.size(); ++p)
      for (size_t c = 0; c < signals_.channels; ++c) add_pair(window, begin, end, p, c, energies[p]);
  }

 private:
  template <class Filter>
  void project(size_t first, size_t count, const Filter& filter, double* to) {
    std::fill_n(sum_[0], 2 * sum_.plane(), 0.0);
    for (int64_t from = 0; from < sum_.plane(); from += kBlock)
      add_products<Product::plain>(
          static_cast<int64_t>(count), [&](int64_t r) { return spectra_[static_cast<int64_t>(first) + r]; },
          [&](int64_t r) { return filter(static_cast<size_t>(r)); }, sum_[0], sum_.plane(), from,
          std::min(from + kBlock, sum_.plane()));
    sum_.get(0, spectrum_.get());
    filters_.fft().inverse(spectrum_.get(), to);
  }

  void add_pair(const Window& window, int64_t begin, int64_t end, size_t pair, size_t channel, Energies& to) {
    const size_t channels = signals_.channels;
    const size_t source = pairs_[pair].source * channels, estimate = pairs_[pair].estimate * channels + channel;
    project(
        source, channels, [&](size_t c) { return filters_.of_pair(pair, c, channel); }, own_.get());
    read_channel(signals_.references[source + channel], begin, end - begin, window.first, window.last, source_.get());
    read_channel(signals_.estimates[estimate], begin, end - begin, window.first, window.last, estimate_.get());
    const double* all = all_.get() + static_cast<int64_t>(estimate) * kFft + kTaps - 1;
    const double* own = own_.get() + kTaps - 1;
    const int64_t count = end - begin, fours = count / 4 * 4;
    std::array<Four, 8> sums{};
    for (int64_t t = 0; t < fours; t += 4)
      add_squares(four_at(source_.get() + t), four_at(estimate_.get() + t), four_at(own + t), four_at(all + t), sums);
    std::array<double, 8> total{};
    for (int64_t t = fours; t < count; ++t) add_squares(source_.get()[t], estimate_.get()[t], own[t], all[t], total);
    for (size_t i = 0; i < total.size(); ++i) total[i] += (sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3]);
    to += {total[0], total[1], total[2], total[3], total[4], total[5], total[6], total[7]};
  }

  static Four four_at(const double* values) {
    Four four;
    std::memcpy(&four, values, sizeof(four));
    return four;
  }

  // In the order of Energies; the filtered signals are not scaled yet. Of one sample, or of four.
  template <class Value>
  static void add_squares(Value source, Value estimate, Value own, Value all, std::array<Value, 8>& sums) {
    own = own / double{kFft};
    all = all / double{kFft};
    const std::array<Value, 8> parts = {source, estimate - source, own - source,   own,
                                        all - own, all,            estimate - all, estimate - own};
    for (size_t i = 0; i < parts.size(); ++i) sums[i] += parts[i] * parts[i];
  }

  const BssSignals& signals_;
  const std::vector<BssPair>& pairs_;
  const ProjectionFilters& filters_;
  Spectra spectra_;
  Doubles all_;
  Spectra sum_;
  Doubles spectrum_, own_, source_, estimate_;
};

}  // namespace

Energies& Energies::operator+=(const Energies& other) {
  source += other.source;
  error += other.error;
  spatial += other.spatial;
  own += other.own;
  interference += other.interference;
  all += other.all;
  artifacts += other.artifacts;
  own_error += other.own_error;
  return *this;
}

ProjectionFilters::ProjectionFilters(const BssSignals& signals, const std::vector<BssPair>& pairs, int64_t first,
                                     int64_t last, int threads)
    : references_(signals.references.size()),
      estimates_(signals.estimates.size()),
      channels_(signals.channels),
      fft_(std::make_unique<DoubleFft>(kFft)),
      spectra_(static_cast<int64_t>(references_ * estimates_ + pairs.size() * channels_ * channels_), kBins) {
  const Correlations r(signals.references, signals.estimates, first, last, kTaps, threads);
  transform(least_squares(r, 0, references_, 0, estimates_, threads), references_, estimates_, 0);
  for (size_t p = 0; p < pairs.size(); ++p)
    transform(
        least_squares(r, pairs[p].source * channels_, channels_, pairs[p].estimate * channels_, channels_, threads),
        channels_, channels_, references_ * estimates_ + p * channels_ * channels_);
}

// Filters (rows * kTaps, columns) to the planes first_plane + row * columns + column.
void ProjectionFilters::transform(const std::vector<double>& filters, size_t rows, size_t columns, size_t first_plane) {
  const Doubles taps(kFft), spectrum(kFft + 2);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c) {
      std::fill_n(taps.get(), kFft, 0.0);
      for (size_t i = 0; i < kTaps; ++i) taps.get()[i] = filters[(r * kTaps + i) * columns + c];
      fft_->forward(taps.get(), spectrum.get());
      spectra_.set(static_cast<int64_t>(first_plane + r * columns + c), spectrum.get());
    }
}

const double* ProjectionFilters::of_all(size_t reference, size_t estimate_channel) const {
  return spectra_[static_cast<int64_t>(reference * estimates_ + estimate_channel)];
}

const double* ProjectionFilters::of_pair(size_t pair, size_t source_channel, size_t estimate_channel) const {
  const size_t plane = references_ * estimates_ + (pair * channels_ + source_channel) * channels_ + estimate_channel;
  return spectra_[static_cast<int64_t>(plane)];
}

std::vector<std::vector<Energies>> window_energies(const BssSignals& signals, const std::vector<BssPair>& pairs,
                                                   const ProjectionFilters& filters, const std::vector<Window>& windows,
                                                   int threads) {
  struct Part {
    size_t window;
    int64_t begin, end;
    std::vector<Energies> energies;
  };
  std::vector<Part> parts;
  for (size_t w = 0; w < windows.size(); ++w)
    for (int64_t end = windows[w].last + kTaps - 1, t = windows[w].first; t < end; t += kHop)
      parts.push_back({w, t, std::min(t + kHop, end), std::vector<Energies>(pairs.size())});
#pragma omp parallel num_threads(threads)
  {
    Segment segment(signals, pairs, filters);
#pragma omp for schedule(dynamic, 1)
    for (size_t i = 0; i < parts.size(); ++i)
      segment.add(windows[parts[i].window], parts[i].begin, parts[i].end, parts[i].energies);
  }
  std::vector<std::vector<Energies>> sums(windows.size(), std::vector<Energies>(pairs.size()));
  for (const Part& part : parts)
    for (size_t p = 0; p < pairs.size(); ++p) sums[part.window][p] += part.energies[p];
  return sums;
}

}  // namespace unmix
