// Real FFTs in double (FFTW), of one length each; usable from several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

struct fftw_plan_s;

namespace unmix {

// n zeros, aligned as FFTW wants them.
class Doubles {
 public:
  explicit Doubles(int64_t n);
  double* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(double* data) const;
  };
  std::unique_ptr<double, Free> data_;
};

class DoubleFft {
 public:
  explicit DoubleFft(int64_t n);

  int64_t size() const { return n_; }
  int64_t bins() const { return n_ / 2 + 1; }

  // real: n values; spectrum: bins() complex numbers, real and imaginary part in turn. Both from Doubles, at
  // multiples of four values. inverse() is not scaled and destroys the spectrum.
  void forward(double* real, double* spectrum) const;
  void inverse(double* spectrum, double* real) const;

 private:
  struct Free {
    void operator()(fftw_plan_s* plan) const;
  };
  int64_t n_;
  std::unique_ptr<fftw_plan_s, Free> forward_, inverse_;
};

// 0.5 - 0.5 cos(2 pi n / size), the periodic window.
std::vector<double> hann(int64_t size);

}  // namespace unmix
