// A block of n - 2 (lags - 1) samples of the left signal, padded with zeros, meets n samples of the right one that
// begin lags - 1 earlier: conj(X) Y summed over the blocks is the spectrum of all wanted lags without wrap-around.
#include "evaluation/cross_correlations.h"

#include <algorithm>

#include "evaluation/spectra.h"

namespace unmix {
namespace {

constexpr int64_t kFft = 4096;
constexpr int64_t kBatch = 2;       // blocks whose spectra are kept before they are multiplied
constexpr int64_t kMostChunks = 8;  // sums that are made side by side and added in order

struct Task {
  const SignalChannels& left;  // references, then estimates
  int64_t references;          // the first channels of `left`, which are the right signals too
  int64_t first, last, lags, hop;
  const DoubleFft& fft;

  int64_t pairs() const { return static_cast<int64_t>(left.size()) * references; }
  bool wanted(int64_t l, int64_t r) const { return l <= r || l >= references; }
};

// The spectra of blocks begin .. begin + count: left channels padded, then references with their surroundings.
void transform(const Task& task, int64_t begin, int64_t count, const Doubles& real, const Doubles& spectrum,
               const Spectra& to) {
  const auto left = static_cast<int64_t>(task.left.size());
  const auto add = [&](int64_t channel, int64_t start, int64_t length, int64_t index) {
    read_channel(task.left[static_cast<size_t>(channel)], start, length, task.first, task.last, real.get());
    std::fill(real.get() + length, real.get() + kFft, 0.0);
    task.fft.forward(real.get(), spectrum.get());
    to.set(index, spectrum.get());
  };
  for (int64_t b = 0; b < count; ++b) {
    const int64_t start = task.first + (begin + b) * task.hop;
    for (int64_t c = 0; c < left; ++c) add(c, start, task.hop, c * kBatch + b);
    for (int64_t c = 0; c < task.references; ++c) add(c, start - task.lags + 1, kFft, (left + c) * kBatch + b);
  }
}

void multiply(const Task& task, int64_t count, const Spectra& spectra, const Spectra& sums) {
  const auto left = static_cast<int64_t>(task.left.size()), right = task.references;
  for (int64_t slice = 0; slice < sums.slices(); ++slice) {
    // Rows first .. last and columns from `column` of the pairs.
    const auto add = [&](int64_t first, int64_t last, int64_t column) {
      add_products<Product::conjugated>(last - first, right - column, count,
                                        spectra.matrix(slice, first * kBatch, kBatch, 1),
                                        spectra.matrix(slice, (left + column) * kBatch, 1, kBatch),
                                        sums.matrix(slice, first * right + column, right, 1));
    };
    for (int64_t l = 0; l < right; l += 2) add(l, std::min(l + 2, right), l);  // symmetric: the upper triangle
    add(right, left, 0);
  }
}

// The blocks begin .. end into `sums`.
void add_blocks(const Task& task, int64_t begin, int64_t end, const Spectra& sums) {
  const Doubles real(kFft), spectrum(kFft + 2);
  const Spectra spectra((static_cast<int64_t>(task.left.size()) + task.references) * kBatch, task.fft.bins());
  for (int64_t b = begin; b < end; b += kBatch) {
    const int64_t count = std::min(kBatch, end - b);
    transform(task, b, count, real, spectrum, spectra);
    multiply(task, count, spectra, sums);
  }
}

// Lags -(lags - 1) .. lags - 1 of a pair's spectrum.
void invert(const Task& task, const Spectra& sums, int64_t pair, const Doubles& spectrum, const Doubles& real,
            double* to) {
  sums.get(pair, spectrum.get());
  task.fft.inverse(spectrum.get(), real.get());
  for (int64_t m = 0; m < 2 * task.lags - 1; ++m) to[m] = real.get()[m] / kFft;
}

}  // namespace

void read_channel(std::span<const float> channel, int64_t start, int64_t count, int64_t first, int64_t last,
                  double* to) {
  const int64_t from = std::max(start, first);
  const int64_t end = std::min({start + count, last, static_cast<int64_t>(channel.size())});
  if (from >= end) {
    std::fill_n(to, count, 0.0);
    return;
  }
  std::fill_n(to, from - start, 0.0);
  std::copy(channel.begin() + from, channel.begin() + end, to + (from - start));
  std::fill(to + (end - start), to + count, 0.0);
}

CrossCorrelations::CrossCorrelations(const SignalChannels& references, const SignalChannels& estimates, int64_t first,
                                     int64_t last, int64_t lags, int threads)
    : references_(static_cast<int64_t>(references.size())), lags_(lags) {
  SignalChannels left = references;
  left.insert(left.end(), estimates.begin(), estimates.end());
  const DoubleFft fft(kFft);
  const Task task{left, references_, first, last, lags, kFft - 2 * (lags - 1), fft};
  const int64_t blocks = (last - first + task.hop - 1) / task.hop;
  const int64_t chunks = std::clamp<int64_t>(blocks / kBatch, 1, kMostChunks);
  std::vector<Spectra> sums;
  for (int64_t i = 0; i < chunks; ++i) sums.emplace_back(task.pairs(), fft.bins());
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t i = 0; i < chunks; ++i)
    add_blocks(task, blocks * i / chunks, blocks * (i + 1) / chunks, sums[static_cast<size_t>(i)]);
  for (size_t i = 1; i < sums.size(); ++i) sums[0] += sums[i];

  values_.resize(static_cast<size_t>(task.pairs() * (2 * lags - 1)));
  const Doubles real(kFft), spectrum(kFft + 2);
  for (int64_t pair = 0; pair < task.pairs(); ++pair)
    if (task.wanted(pair / references_, pair % references_))
      invert(task, sums[0], pair, spectrum, real, values_.data() + pair * (2 * lags - 1));
}

}  // namespace unmix
