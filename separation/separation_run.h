// One separation: the first pass of a segment (mask_states.h), then of its frames, window by window, masks, filter and
// the way back to audio.
#pragma once

#include <memory>

#include "separation/estimate_signal.h"
#include "separation/mask_states.h"
#include "separation/separator.h"

namespace unmix {

class SeparationRun {
 public:
  SeparationRun(const Separator& separator, const Separator::Open& open, const Separator::Write& write);
  Separator::Summary run();

 private:
  Segments segments() const;
  void filter(int64_t begin, int64_t end);
  Tensor filtered(int lane, int64_t begin, const Tensor& spectrum) const;
  void give(std::vector<Audio>& estimates, bool last);

  const Separator& separator_;
  const Separator::Write& write_;
  std::unique_ptr<AudioReader> first_, second_;  // of the two passes
  int64_t window_;                               // frames filtered together
  Separator::Summary summary_;
  int channels_ = 0;
  std::unique_ptr<MixtureSpectra> ahead_, spectra_;
  std::unique_ptr<MaskStates> states_;
  std::vector<EstimateSignal> signals_;  // of each estimate
  int64_t given_ = 0;                    // frames of audio
};

}  // namespace unmix
