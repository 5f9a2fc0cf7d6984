// The filters of BSSEval, and the energies of what an estimate consists of.
#pragma once

#include <memory>
#include <vector>

#include "evaluation/cross_correlations.h"
#include "evaluation/spectra.h"

namespace unmix {

// Sources and estimates of one number of channels each: channel c of source j is references[j * channels + c].
struct BssSignals {
  SignalChannels references, estimates;
  size_t channels;

  size_t sources() const { return references.size() / channels; }
};

// An estimate scored as a source.
struct BssPair {
  size_t source, estimate;
};

// Least-squares filters, as spectra: of each estimate by all references, of each pair by its source alone.
class ProjectionFilters {
 public:
  // From the samples first .. last.
  ProjectionFilters(const BssSignals& signals, const std::vector<BssPair>& pairs, int64_t first, int64_t last,
                    int threads);

  const DoubleFft& fft() const { return *fft_; }
  // A slice of the filters (channel of an estimate, reference), and of those (channel of the pair's estimate, channel
  // of its source).
  SliceMatrix of_all(int64_t slice) const;
  SliceMatrix of_pair(int64_t slice, size_t pair) const;

 private:
  void transform(const std::vector<double>& filters, int64_t rows, int64_t columns, int64_t first);

  int64_t first_of_pair(size_t pair) const {
    return references_ * estimates_ + static_cast<int64_t>(pair) * channels_ * channels_;
  }

  int64_t references_, estimates_, channels_;
  std::unique_ptr<DoubleFft> fft_;
  Spectra spectra_;
};

// Sums of squares over all channels: of the source s, of e - s, P_j - s, P_j, P - P_j, P, e - P and e - P_j.
struct Energies {
  double source = 0, error = 0, spatial = 0, own = 0, interference = 0, all = 0, artifacts = 0, own_error = 0;
  Energies& operator+=(const Energies& other);
};

// The samples first .. last.
struct Window {
  int64_t first, last;
};

// [window][pair]. Outside a window its signals count as zero; the filtered ones last 511 samples longer.
std::vector<std::vector<Energies>> window_energies(const BssSignals& signals, const std::vector<BssPair>& pairs,
                                                   const ProjectionFilters& filters, const std::vector<Window>& windows,
                                                   int threads);

}  // namespace unmix
