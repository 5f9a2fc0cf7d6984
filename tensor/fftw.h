// FFTW plans for one row, shared by all threads, and each thread's aligned buffers. Plans are estimated, never timed,
// so that the same machine always computes the same bits.
#pragma once

#include <fftw3.h>

#include <cstdint>
#include <memory>

namespace unmix {

struct FftwPlans {
  fftwf_plan forward;   // real -> spectrum, out of place
  fftwf_plan backward;  // spectrum -> real, out of place; destroys the spectrum
};

// Plans for rows of n values in buffers of FftwBuffers' alignment. Thread-safe; kept until the program ends.
const FftwPlans& fftw_plans(int64_t n);

class FftwBuffers {
 public:
  explicit FftwBuffers(int64_t n)
      : real_(fftwf_alloc_real(static_cast<size_t>(n))), spectrum_(fftwf_alloc_real(static_cast<size_t>(n) + 2)) {}
  float* real() { return real_.get(); }
  float* spectrum() { return spectrum_.get(); }
  fftwf_complex* complex() { return reinterpret_cast<fftwf_complex*>(spectrum_.get()); }

 private:
  struct Free {
    void operator()(float* data) const { fftwf_free(data); }
  };
  std::unique_ptr<float, Free> real_, spectrum_;
};

}  // namespace unmix
