// The Wiener filter against its formula in double, and what it does with scales, silence and wrong arguments.
#include "separation/wiener.h"

#include <complex>

#include "base/error.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using ::testing::HasSubstr;
using Complex = std::complex<double>;

// Matrices of the formula for two channels, or one beside a channel of zeros, which adds nothing to the first.
struct Matrix {
  Complex a, b, c, d;
};
Matrix operator*(double s, const Matrix& m) { return {s * m.a, s * m.b, s * m.c, s * m.d}; }
Matrix operator+(const Matrix& m, const Matrix& n) { return {m.a + n.a, m.b + n.b, m.c + n.c, m.d + n.d}; }
Matrix operator*(const Matrix& m, const Matrix& n) {
  return {m.a * n.a + m.b * n.c, m.a * n.b + m.b * n.d, m.c * n.a + m.d * n.c, m.c * n.b + m.d * n.d};
}
Matrix inverse(const Matrix& m) {
  const Complex det = m.a * m.d - m.b * m.c;
  return {m.d / det, -m.b / det, -m.c / det, m.a / det};
}

// (K, frames, channels, bins) of complex values.
class Reference {
 public:
  Reference(const Tensor& masks, const Tensor& spectrum, double eps)
      : sources_(masks.dim(0)), frames_(masks.dim(1)), channels_(masks.dim(2)), bins_(masks.dim(3)), eps_(eps) {
    const std::vector<float> x = spectrum.to_vector(), m = masks.to_vector();
    for (size_t i = 0; i < x.size(); i += 2) x_.emplace_back(x[i], x[i + 1]);
    for (size_t i = 0; i < m.size(); ++i) y_.push_back(static_cast<double>(m[i]) * x_[i % x_.size()]);
    double largest = 0.0;
    for (const Complex& z : x_) largest = std::max(largest, std::abs(z));
    scale_ = std::max(1.0, largest / 10.0);
    for (Complex& z : x_) z /= scale_;
    for (Complex& z : y_) z /= scale_;
  }

  void iterate() {
    for (int64_t bin = 0; bin < bins_; ++bin) {
      std::vector<Matrix> covariances;
      for (int64_t k = 0; k < sources_; ++k) {
        Matrix sum{};
        double weight = eps_;
        for (int64_t t = 0; t < frames_; ++t) {
          const Complex left = y(k, t, 0, bin), right = y(k, t, 1, bin);
          sum = sum + Matrix{left * conj(left), left * conj(right), right * conj(left), right * conj(right)};
          weight += power(k, t, bin);
        }
        covariances.push_back(1.0 / weight * sum);
      }
      for (int64_t t = 0; t < frames_; ++t) separate(covariances, t, bin);
    }
  }

  std::vector<double> estimates() const {
    std::vector<double> values;
    for (const Complex& z : y_) values.insert(values.end(), {scale_ * z.real(), scale_ * z.imag()});
    return values;
  }

 private:
  size_t at(int64_t k, int64_t t, int64_t c, int64_t bin) const {
    return static_cast<size_t>(((k * frames_ + t) * channels_ + c) * bins_ + bin);
  }
  Complex y(int64_t k, int64_t t, int64_t c, int64_t bin) const { return c < channels_ ? y_[at(k, t, c, bin)] : 0.0; }
  double power(int64_t k, int64_t t, int64_t bin) const {
    return (norm(y(k, t, 0, bin)) + norm(y(k, t, 1, bin))) / static_cast<double>(channels_);
  }
  void separate(const std::vector<Matrix>& covariances, int64_t t, int64_t bin) {
    Matrix mixture{std::sqrt(eps_), 0.0, 0.0, std::sqrt(eps_)};
    std::vector<double> powers;
    for (int64_t k = 0; k < sources_; ++k) {
      powers.push_back(power(k, t, bin));
      mixture = mixture + powers.back() * covariances[static_cast<size_t>(k)];
    }
    const Complex left = x_[at(0, t, 0, bin)], right = channels_ > 1 ? x_[at(0, t, 1, bin)] : 0.0;
    for (int64_t k = 0; k < sources_; ++k) {
      const Matrix gain = powers[static_cast<size_t>(k)] * covariances[static_cast<size_t>(k)] * inverse(mixture);
      y_[at(k, t, 0, bin)] = gain.a * left + gain.b * right;
      if (channels_ > 1) y_[at(k, t, 1, bin)] = gain.c * left + gain.d * right;
    }
  }

  int64_t sources_, frames_, channels_, bins_;
  double eps_, scale_ = 1.0;
  std::vector<Complex> x_, y_;
};

// Large enough to be seen beside the powers of random spectra.
constexpr double kEps = 1e-4;

WienerOptions options(int iterations, bool residual = false) { return {iterations, false, residual, kEps}; }

Tensor scaled(Tensor tensor, float factor) {
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.data()[i] *= factor;
  return tensor;
}

Tensor masks(int64_t sources, int64_t frames, int64_t channels, int64_t bins) {
  return test::random_tensor({sources, frames, channels, bins}, 1, 0.0);
}
Tensor spectrum(int64_t frames, int64_t channels, int64_t bins) {
  return test::random_tensor({frames, channels, bins, 2}, 2);
}

class WienerOn : public ::testing::TestWithParam<Device> {
 protected:
  std::vector<float> run(const Tensor& masks, const Tensor& spectrum, const WienerOptions& options = {}) const {
    return wiener(masks.to(GetParam()), spectrum.to(GetParam()), options).to_vector();
  }
};

TEST_P(WienerOn, EveryNumberOfSourcesAndFrames) {
  for (const int64_t channels : {1, 2})
    for (int64_t sources = 2; sources <= 8; ++sources)
      for (const int64_t frames : {1, 7, 8, 19}) {
        const Tensor m = masks(sources, frames, channels, 37), x = scaled(spectrum(frames, channels, 37), 30.0f);
        Reference reference(m, x, kEps);
        for (const int iterations : {1, 2}) {
          reference.iterate();
          const auto error = [&](int n) { return test::relative_error(run(m, x, options(n)), reference.estimates()); };
          EXPECT_LT(error(iterations), tolerance::kValue) << channels << " " << sources << " " << frames;
          EXPECT_GT(error(3 - iterations), 1e-3);  // negative control
        }
      }
}

TEST_P(WienerOn, LoudSpectraAreSeparatedAlike) {
  const Tensor m = masks(3, 9, 2, 5), x = scaled(spectrum(9, 2, 5), 20.0f);
  const std::vector<float> expected = run(m, x, options(1));
  const auto scaled_estimates = [&](float factor) {
    std::vector<float> estimates = run(m, scaled(x.clone(), factor), options(1));
    for (float& value : estimates) value /= factor;
    return estimates;
  };
  EXPECT_LT(test::relative_error(scaled_estimates(1e15f), expected), tolerance::kValue);
  EXPECT_LT(test::relative_error(scaled_estimates(1e30f), expected), tolerance::kValue);
  // Negative control: below max |X| = 10 the noise stays what it is.
  EXPECT_GT(test::relative_error(scaled_estimates(0.1f), expected), 1e-2);
}

TEST_P(WienerOn, SilenceStaysSilent) {
  for (const int iterations : {0, 1, 2})
    for (const bool softmask : {false, true})
      for (const float value : run(masks(2, 9, 2, 5), Tensor::zeros({9, 2, 5, 2}), {iterations, softmask, true}))
        ASSERT_EQ(value, 0.0f);
  // Where all targets are silent the residual is the mixture, but for the share of sqrt(eps).
  const Tensor x = spectrum(9, 2, 5);
  const std::vector<float> estimates = run(Tensor::zeros({2, 9, 2, 5}), x, {1, false, true});
  const auto residual = estimates.begin() + 2 * x.size();
  EXPECT_EQ(std::count(estimates.begin(), residual, 0.0f), 2 * x.size());
  EXPECT_LT(test::relative_error(std::vector<float>(residual, estimates.end()), x.to_vector()), 1e-3);
}

TEST_P(WienerOn, InitialEstimatesOfAnyNumberOfChannelsAndSources) {
  const Tensor m = masks(9, 4, 3, 5), x = spectrum(4, 3, 5);
  const std::vector<float> estimates = run(m, x, {0});
  for (size_t i = 0; i < estimates.size(); ++i)
    ASSERT_EQ(estimates[i], m.data()[i / 2] * x.data()[i % static_cast<size_t>(x.size())]);
}

TEST_P(WienerOn, WrongArgumentsAreRefused) {
  const Tensor m = masks(2, 4, 2, 5), x = spectrum(4, 2, 5);
  EXPECT_THAT(error_of([&] { run(m, spectrum(4, 1, 5)); }), HasSubstr("masks [2, 4, 2, 5] do not fit the spectrum"));
  EXPECT_THAT(error_of([&] { run(m, x, {-1}); }), HasSubstr("-1 iterations"));
  EXPECT_THAT(error_of([&] { run(m, x, {1, false, false, 0.0}); }), HasSubstr("eps 0"));
  EXPECT_THAT(error_of([&] { run(masks(2, 4, 3, 5), spectrum(4, 3, 5)); }),
              HasSubstr("3 channels; iterations take 1 or 2"));
  EXPECT_THAT(error_of([&] {
                run(masks(8, 4, 2, 5), x, {1, false, true});
              }),
              HasSubstr("9 sources, the residual included"));
  EXPECT_THROW(run(masks(1, 4, 2, 5), x), UsageError);
  EXPECT_NO_THROW(run(masks(1, 4, 2, 5), x, {1, false, true}));
  EXPECT_NO_THROW(run(masks(1, 4, 2, 5), x, {0}));
}

INSTANTIATE_TEST_SUITE_P(Devices, WienerOn, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
