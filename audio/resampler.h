// Resampling block by block; the blocks together are what resample() makes of the whole, bit for bit.
#pragma once

#include <memory>
#include <vector>

#include "audio/audio.h"

struct soxr;

namespace unmix {

// round(frames * to / from); throws where it is 0.
int64_t resampled_frames(int64_t frames, int from, int to);

class Resampler {
 public:
  Resampler(int from, int to, int channels);  // rates in Hz

  // The frames that the block, of `channels` at rate `from`, brings to completion.
  Audio process(const Audio& block);
  // The rest, up to round(frames given * to / from) in all; zeros where the filter ends a frame early.
  Audio finish();

 private:
  struct Delete {
    void operator()(soxr* state) const;
  };
  Audio run(const Audio& block, bool last);

  int from_, to_, channels_;
  int64_t taken_ = 0, given_ = 0;                      // frames
  std::vector<std::unique_ptr<soxr, Delete>> states_;  // of each channel; none where the rates are equal
};

}  // namespace unmix
