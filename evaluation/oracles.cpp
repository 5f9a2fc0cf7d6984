#include "evaluation/oracles.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <limits>

#include "base/error.h"
#include "evaluation/cross_correlations.h"
#include "evaluation/fft.h"

namespace unmix {
namespace {

using Complex = std::complex<double>;
using Bin = std::array<Complex, 2>;  // the channels' values; of mono signals the second is unused
using Matrix = std::array<Complex, 4>;

constexpr int64_t kFft = 2048, kHop = 1024, kBins = kFft / 2 + 1;
constexpr double kEps = std::numeric_limits<double>::epsilon();

// One frame of all signals, and the way back by overlap-add. hann^2 of half-overlapping frames is divided out.
class Frames {
 public:
  explicit Frames(const Audio& form) : fft_(kFft), frames_(form.frames()) {}

  int64_t count() const { return (frames_ + kHop - 1) / kHop + 1; }

  // Frame `index` is centered at sample index * kHop.
  void analyse(const Audio& audio, int64_t index, std::vector<Bin>& to) {
    to.resize(kBins);
    for (int c = 0; c < audio.channels; ++c) {
      read_channel(audio.channel(c), index * kHop - kFft / 2, kFft, 0, frames_, real_.get());
      for (int64_t n = 0; n < kFft; ++n) real_.get()[n] *= window_[static_cast<size_t>(n)];
      fft_.forward(real_.get(), spectrum_.get());
      for (size_t k = 0; k < kBins; ++k)
        to[k][static_cast<size_t>(c)] = {spectrum_.get()[2 * k], spectrum_.get()[2 * k + 1]};
    }
  }

  void add(const std::vector<Bin>& from, int64_t index, Audio& audio) {
    for (int c = 0; c < audio.channels; ++c) {
      for (size_t k = 0; k < kBins; ++k) {
        spectrum_.get()[2 * k] = from[k][static_cast<size_t>(c)].real();
        spectrum_.get()[2 * k + 1] = from[k][static_cast<size_t>(c)].imag();
      }
      fft_.inverse(spectrum_.get(), real_.get());
      for (int64_t n = 0; n < kFft; ++n) {
        const int64_t t = index * kHop - kFft / 2 + n;
        if (t < 0 || t >= frames_) continue;
        const double w = window_[static_cast<size_t>(n)], other = window_[static_cast<size_t>((n + kHop) % kFft)];
        audio.channel(c)[static_cast<size_t>(t)] +=
            static_cast<float>(real_.get()[n] / kFft * w / (w * w + other * other));
      }
    }
  }

 private:
  DoubleFft fft_;
  int64_t frames_;
  const std::vector<double> window_ = hann(kFft);
  Doubles real_{kFft}, spectrum_{kFft + 2};
};

// The estimates of one bin, in place of the sources' values.
using Estimate = std::function<void(size_t bin, const Bin& mixture, std::vector<Bin>& sources)>;

NamedAudio separate(const Audio& mixture, const NamedAudio& sources, const Estimate& estimate) {
  Frames frames(mixture);
  NamedAudio estimates;
  for (const auto& [name, audio] : sources)
    estimates.emplace_back(name, Audio{audio.sample_rate, audio.channels, std::vector<float>(audio.samples.size())});
  std::vector<Bin> of_mixture;
  std::vector<std::vector<Bin>> spectra(sources.size());
  std::vector<Bin> bin(sources.size());
  for (int64_t index = 0; index < frames.count(); ++index) {
    frames.analyse(mixture, index, of_mixture);
    for (size_t j = 0; j < sources.size(); ++j) frames.analyse(sources[j].second, index, spectra[j]);
    for (size_t k = 0; k < kBins; ++k) {
      for (size_t j = 0; j < sources.size(); ++j) bin[j] = spectra[j][k];
      estimate(k, of_mixture[k], bin);
      for (size_t j = 0; j < sources.size(); ++j) spectra[j][k] = bin[j];
    }
    for (size_t j = 0; j < sources.size(); ++j) frames.add(spectra[j], index, estimates[j].second);
  }
  return estimates;
}

Estimate binary_mask(double exponent) {
  return [=](size_t, const Bin& mixture, std::vector<Bin>& sources) {
    for (Bin& source : sources)
      for (size_t c = 0; c < source.size(); ++c) {
        const double share =
            std::pow(std::abs(source[c]), exponent) / (kEps + std::pow(std::abs(mixture[c]), exponent));
        source[c] = share >= 0.5 ? mixture[c] : 0.0;
      }
  };
}

Estimate ratio_mask(double exponent) {
  return [=](size_t, const Bin& mixture, std::vector<Bin>& sources) {
    for (size_t c = 0; c < mixture.size(); ++c) {
      double sum = kEps;
      for (const Bin& source : sources) sum += std::pow(std::abs(source[c]), exponent);
      for (Bin& source : sources) source[c] = mixture[c] * (std::pow(std::abs(source[c]), exponent) / sum);
    }
  };
}

// 2 x 2, row after row. Mono signals are channel 0 of a pair whose other channel is apart from it: R = diag(r, 1).
Matrix inverse(const Matrix& a) {
  const Complex determinant = a[0] * a[3] - a[1] * a[2];
  return {a[3] / determinant, -a[1] / determinant, -a[2] / determinant, a[0] / determinant};
}

Bin times(const Matrix& a, const Bin& x) { return {a[0] * x[0] + a[1] * x[1], a[2] * x[0] + a[3] * x[1]}; }

double power(const Bin& x) { return std::norm(x[0]) + std::norm(x[1]); }

// [source][bin]
std::vector<std::vector<Matrix>> covariances(const Audio& mixture, const NamedAudio& sources) {
  Frames frames(mixture);
  const double channels = mixture.channels;
  std::vector<std::vector<Matrix>> all(sources.size(), std::vector<Matrix>(kBins));
  std::vector<Bin> spectrum;
  for (size_t j = 0; j < sources.size(); ++j) {
    for (int64_t index = 0; index < frames.count(); ++index) {
      frames.analyse(sources[j].second, index, spectrum);
      for (size_t k = 0; k < kBins; ++k)
        for (size_t i = 0; i < 4; ++i)
          all[j][k][i] += spectrum[k][i / 2] * std::conj(spectrum[k][i % 2]) / (kEps + power(spectrum[k]) / channels);
    }
    for (Matrix& r : all[j]) {
      const double trace = r[0].real() + r[3].real();
      const double scale = trace > 0 ? channels / trace : 0.0;
      for (Complex& x : r) x *= scale;
      r[0] += kEps;
      r[3] += mixture.channels == 1 ? 1.0 : kEps;
    }
  }
  return all;
}

NamedAudio wiener(const Audio& mixture, const NamedAudio& sources) {
  check(mixture.channels <= 2, "MWF", "is for one or two channels, the mixture has {}", mixture.channels);
  const std::vector<std::vector<Matrix>> r = covariances(mixture, sources);
  const double channels = mixture.channels;
  const auto estimate = [&](size_t k, const Bin& x, std::vector<Bin>& y) {
    std::vector<double> v(y.size());
    Matrix sum{kEps, 0.0, 0.0, kEps};
    for (size_t j = 0; j < y.size(); ++j) {
      const Bin whitened = times(inverse(r[j][k]), y[j]);
      v[j] = std::abs(std::conj(y[j][0]) * whitened[0] + std::conj(y[j][1]) * whitened[1]) / channels;
      for (size_t i = 0; i < 4; ++i) sum[i] += v[j] * r[j][k][i];
    }
    const Bin whitened = times(inverse(sum), x);
    for (size_t j = 0; j < y.size(); ++j) {
      y[j] = times(r[j][k], whitened);
      for (Complex& value : y[j]) value *= v[j];
    }
  };
  return separate(mixture, sources, estimate);
}

}  // namespace

NamedAudio separate_by_oracle(Oracle oracle, const Audio& mixture, const NamedAudio& sources) {
  switch (oracle) {
    case Oracle::ibm1: return separate(mixture, sources, binary_mask(1));
    case Oracle::ibm2: return separate(mixture, sources, binary_mask(2));
    case Oracle::irm1: return separate(mixture, sources, ratio_mask(1));
    case Oracle::irm2: return separate(mixture, sources, ratio_mask(2));
    case Oracle::mwf: return wiener(mixture, sources);
    case Oracle::mixture: break;
  }
  NamedAudio estimates;
  for (const auto& source : sources) estimates.emplace_back(source.first, mixture);
  return estimates;
}

}  // namespace unmix
