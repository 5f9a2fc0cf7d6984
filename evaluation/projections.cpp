// Filters: the normal equations G h = d, with G the correlations of all delayed references, d theirs with an estimate.
// Energies: the filtered references come segment by segment from FFTs (overlap-save), so a window may be of any length.
#include "evaluation/projections.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>

#include "evaluation/block_toeplitz.h"
#include "evaluation/bss_eval.h"
#include "evaluation/cholesky.h"

namespace unmix {
namespace {

constexpr int64_t kTaps = bss_filter_length;
constexpr int64_t kFft = 4096;                // 13 segments hold a filtered second at 44.1 kHz
constexpr int64_t kHop = kFft - (kTaps - 1);  // new samples of a segment

// Filters (references * kTaps, columns) from the given references to columns of the estimates.
std::vector<double> least_squares(const CrossCorrelations& r, int64_t first_reference, int64_t references,
                                  int64_t first_estimate, int64_t columns, int threads) {
  const int64_t n = references * kTaps;
  const auto entry = [&](int64_t a, int64_t b, int64_t lag) {
    const double added = a == b && lag == 0 ? std::numeric_limits<double>::epsilon() : 0;  // by museval, too
    return r.references(first_reference + a, first_reference + b, lag) + added;
  };
  std::vector<double> filters;
  filters.reserve(static_cast<size_t>(n * columns));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t c = 0; c < columns; ++c)
      filters.push_back(r.estimate(first_reference + i / kTaps, first_estimate + c, i % kTaps));
  if (solve_block_toeplitz(references, kTaps, entry, filters, columns, threads)) return filters;
  const auto row = [&](int64_t i, double* to) {
    const int64_t a = i / kTaps, tap = i % kTaps;
    for (int64_t b = a; b < references; ++b)
      for (int64_t t = b == a ? tap : 0; t < kTaps; ++t) *to++ = entry(a, b, tap - t);
  };
  Cholesky(n, row, threads).solve(filters.data(), columns, threads);
  return filters;
}

// Up to kHop samples of the filtered signals of a window.
struct Segment {
  size_t window_index;
  Window window;
  int64_t begin, end;
  std::vector<Energies> energies;  // by pair
};

// What a thread needs for a few segments of all signals: each spectrum of a filter that is fetched serves all of them.
class SegmentBatch {
 public:
  static constexpr int64_t kMost = 4;

  SegmentBatch(const BssSignals& signals, const std::vector<BssPair>& pairs, const ProjectionFilters& filters)
      : signals_(signals),
        pairs_(pairs),
        filters_(filters),
        references_(count(signals.references) * kMost, filters.fft().bins()),
        projections_((count(signals.estimates) + count(pairs) * channels()) * kMost, filters.fft().bins()),
        all_(count(signals.estimates) * kFft),
        spectrum_(kFft + 2),
        own_(kFft),
        source_(kFft),
        estimate_(kFft) {}

  // Fills in the energies of segments.
  void add(std::span<Segment> segments) {
    for (size_t s = 0; s < segments.size(); ++s)
      for (int64_t r = 0; r < count(signals_.references); ++r) {
        read_channel(signals_.references[static_cast<size_t>(r)], segments[s].begin - kTaps + 1, kFft,
                     segments[s].window.first, segments[s].window.last, own_.get());
        filters_.fft().forward(own_.get(), spectrum_.get());
        references_.set(r * kMost + static_cast<int64_t>(s), spectrum_.get());
      }
    for (int64_t slice = 0; slice < references_.slices(); ++slice) project(slice, count(segments));
    for (size_t s = 0; s < segments.size(); ++s) {
      for (int64_t e = 0; e < count(signals_.estimates); ++e)
        invert(e * kMost + static_cast<int64_t>(s), all_.get() + e * kFft);
      for (size_t p = 0; p < pairs_.size(); ++p)
        for (size_t c = 0; c < signals_.channels; ++c) add_pair(segments[s], s, p, c);
    }
  }

 private:
  template <class List>
  static int64_t count(const List& list) {
    return static_cast<int64_t>(list.size());
  }
  int64_t channels() const { return static_cast<int64_t>(signals_.channels); }
  // Where the projections of a pair begin, a channel each.
  int64_t of_pair(size_t pair) const { return count(signals_.estimates) + static_cast<int64_t>(pair) * channels(); }

  // A slice of the projections: each estimate's channels onto all references, then each pair's onto its source.
  void project(int64_t slice, int64_t segments) {
    projections_.clear(slice);
    const auto add = [&](int64_t rows, int64_t first_reference, int64_t depth, SliceMatrix filters, int64_t first) {
      add_products<Product::plain>(rows, segments, depth, filters,
                                   references_.matrix(slice, first_reference * kMost, kMost, 1),
                                   projections_.matrix(slice, first * kMost, kMost, 1));
    };
    add(count(signals_.estimates), 0, count(signals_.references), filters_.of_all(slice), 0);
    for (size_t p = 0; p < pairs_.size(); ++p)
      add(channels(), static_cast<int64_t>(pairs_[p].source) * channels(), channels(), filters_.of_pair(slice, p),
          of_pair(p));
  }

  void invert(int64_t projection, double* to) {
    projections_.get(projection, spectrum_.get());
    filters_.fft().inverse(spectrum_.get(), to);
  }

  void add_pair(Segment& segment, size_t place, size_t pair, size_t channel) {
    const size_t source = pairs_[pair].source * signals_.channels + channel;
    const size_t estimate = pairs_[pair].estimate * signals_.channels + channel;
    const int64_t length = segment.end - segment.begin;
    invert((of_pair(pair) + static_cast<int64_t>(channel)) * kMost + static_cast<int64_t>(place), own_.get());
    const auto read = [&](const SignalChannels& channels, size_t index, const Doubles& to) {
      read_channel(channels[index], segment.begin, length, segment.window.first, segment.window.last, to.get());
    };
    read(signals_.references, source, source_);
    read(signals_.estimates, estimate, estimate_);
    const double* all = all_.get() + static_cast<int64_t>(estimate) * kFft + kTaps - 1;
    const double* own = own_.get() + kTaps - 1;
    const int64_t fours = length / 4 * 4;
    std::array<Four, 8> sums{};
    for (int64_t t = 0; t < fours; t += 4)
      add_squares(four_at(source_.get() + t), four_at(estimate_.get() + t), four_at(own + t), four_at(all + t), sums);
    std::array<double, 8> total{};
    for (int64_t t = fours; t < length; ++t) add_squares(source_.get()[t], estimate_.get()[t], own[t], all[t], total);
    for (size_t i = 0; i < total.size(); ++i) total[i] += (sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3]);
    segment.energies[pair] += {total[0], total[1], total[2], total[3], total[4], total[5], total[6], total[7]};
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
    const std::array<Value, 8> parts = {source, estimate - source, own - source,  own, all - own,
                                        all,    estimate - all,    estimate - own};
    for (size_t i = 0; i < parts.size(); ++i) sums[i] += parts[i] * parts[i];
  }

  const BssSignals& signals_;
  const std::vector<BssPair>& pairs_;
  const ProjectionFilters& filters_;
  Spectra references_, projections_;
  Doubles all_;
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
    : references_(static_cast<int64_t>(signals.references.size())),
      estimates_(static_cast<int64_t>(signals.estimates.size())),
      channels_(static_cast<int64_t>(signals.channels)),
      fft_(std::make_unique<DoubleFft>(kFft)),
      spectra_(references_ * estimates_ + static_cast<int64_t>(pairs.size()) * channels_ * channels_, fft_->bins()) {
  const CrossCorrelations r(signals.references, signals.estimates, first, last, kTaps, threads);
  transform(least_squares(r, 0, references_, 0, estimates_, threads), references_, estimates_, 0);
  for (size_t p = 0; p < pairs.size(); ++p) {
    const int64_t source = static_cast<int64_t>(pairs[p].source), estimate = static_cast<int64_t>(pairs[p].estimate);
    transform(least_squares(r, source * channels_, channels_, estimate * channels_, channels_, threads), channels_,
              channels_, first_of_pair(p));
  }
}

// Filters (rows * kTaps, columns) to the spectra first + row * columns + column.
void ProjectionFilters::transform(const std::vector<double>& filters, int64_t rows, int64_t columns, int64_t first) {
  const Doubles taps(kFft), spectrum(kFft + 2);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      std::fill_n(taps.get(), kFft, 0.0);
      for (int64_t i = 0; i < kTaps; ++i) taps.get()[i] = filters[static_cast<size_t>((r * kTaps + i) * columns + c)];
      fft_->forward(taps.get(), spectrum.get());
      spectra_.set(first + r * columns + c, spectrum.get());
    }
}

SliceMatrix ProjectionFilters::of_all(int64_t slice) const { return spectra_.matrix(slice, 0, 1, estimates_); }

SliceMatrix ProjectionFilters::of_pair(int64_t slice, size_t pair) const {
  return spectra_.matrix(slice, first_of_pair(pair), 1, channels_);
}

std::vector<std::vector<Energies>> window_energies(const BssSignals& signals, const std::vector<BssPair>& pairs,
                                                   const ProjectionFilters& filters, const std::vector<Window>& windows,
                                                   int threads) {
  std::vector<Segment> segments;
  for (size_t w = 0; w < windows.size(); ++w)
    for (int64_t end = windows[w].last + kTaps - 1, t = windows[w].first; t < end; t += kHop)
      segments.push_back({w, windows[w], t, std::min(t + kHop, end), std::vector<Energies>(pairs.size())});
#pragma omp parallel num_threads(threads)
  {
    SegmentBatch batch(signals, pairs, filters);
#pragma omp for schedule(dynamic, 1)
    for (size_t i = 0; i < segments.size(); i += SegmentBatch::kMost)
      batch.add(std::span(segments).subspan(i, std::min<size_t>(SegmentBatch::kMost, segments.size() - i)));
  }
  std::vector<std::vector<Energies>> sums(windows.size(), std::vector<Energies>(pairs.size()));
  for (const Segment& segment : segments)
    for (size_t p = 0; p < pairs.size(); ++p) sums[segment.window_index][p] += segment.energies[p];
  return sums;
}

}  // namespace unmix
