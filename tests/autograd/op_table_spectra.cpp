#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "autograd/ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/op_references.h"

namespace unmix::test {
namespace {

// A Hamming window: nowhere zero, so that frames at the very edge of a signal can be inverted.
std::vector<float> window_values(int64_t n) {
  std::vector<float> window;
  const double turn = 2.0 * std::numbers::pi / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i)
    window.push_back(static_cast<float>(0.54 - 0.46 * std::cos(turn * static_cast<double>(i))));
  return window;
}

Doubles window_doubles(int64_t n) {
  const std::vector<float> window = window_values(n);
  return {window.begin(), window.end()};
}

StftOptions options_on(Device device, int64_t n_fft, int64_t hop, bool center) {
  return {n_fft, hop, Tensor::from(window_values(n_fft), {n_fft}, device), center};
}

OpRow stft_row(const std::string& variant, Shape shape, int64_t n_fft, int64_t hop, bool center) {
  const int64_t samples = shape.back();
  return {"stft",
          variant,
          {uniform(std::move(shape))},
          [=](const Vars& v) { return stft(v[0], options_on(v[0].device(), n_fft, hop, center)); },
          [=](const Arrays& in) { return reference_stft(in[0].values, samples, window_doubles(n_fft), hop, center); }};
}

// length 0: as long as the frames reach.
OpRow istft_row(const std::string& variant, Shape shape, int64_t hop, bool center, int64_t length) {
  const int64_t frames = shape[0], n_fft = 2 * (shape[shape.size() - 2] - 1);
  const int64_t reach = (frames - 1) * hop + (center ? 0 : n_fft);
  const auto reference = [=](const Arrays& in) {
    return reference_istft(in[0].values, frames, window_doubles(n_fft), hop, center, length == 0 ? reach : length);
  };
  return {"istft",
          variant,
          {uniform(std::move(shape))},
          [=](const Vars& v) { return istft(v[0], options_on(v[0].device(), n_fft, hop, center), length); },
          reference};
}

OpRow rfft_row(Shape shape) {
  const int64_t n = shape.back();
  return {"rfft",
          std::to_string(n),
          {uniform(std::move(shape))},
          [](const Vars& v) { return rfft(v[0]); },
          [n](const Arrays& in) { return reference_rfft(in[0].values, n); }};
}

OpRow irfft_row(Shape shape) {
  const int64_t n = 2 * (shape[shape.size() - 2] - 1);
  return {"irfft",
          std::to_string(n),
          {uniform(std::move(shape))},
          [](const Vars& v) { return irfft(v[0]); },
          [n](const Arrays& in) { return reference_irfft(in[0].values, n); }};
}

OpRow apply_mask_row(const std::string& variant, Shape mask, Shape spectrum) {
  const Reference reference = [](const Arrays& in) {
    Doubles y;
    for (size_t i = 0; i < in[0].values.size(); ++i)
      for (size_t part = 0; part < 2; ++part)
        y.push_back(in[0].values[i] * in[1].values[(2 * i + part) % in[1].values.size()]);
    return y;
  };
  return {"apply_mask",
          variant,
          {uniform(std::move(mask)), constant(uniform(std::move(spectrum)))},
          [](const Vars& v) { return apply_mask(v[0], v[1].value()); },
          reference};
}

OpRow masked_istft_row(const std::string& variant, Shape mask, bool center, int64_t length) {
  const int64_t frames = mask[1], bins = mask.back(), n_fft = 2 * (bins - 1), hop = 2;
  const int64_t samples = length != 0 ? length : (frames - 1) * hop + (center ? 0 : n_fft);
  const Reference reference = [=](const Arrays& in) {
    Doubles y;
    const size_t size = in[1].values.size();
    for (size_t k = 0; k < 2 * in[0].values.size() / size; ++k) {
      Doubles masked = in[1].values;
      for (size_t i = 0; i < size; ++i) masked[i] *= in[0].values[k * size / 2 + i / 2];
      const Doubles one = reference_istft(masked, frames, window_doubles(n_fft), hop, center, samples);
      y.insert(y.end(), one.begin(), one.end());
    }
    return y;
  };
  Shape spectrum(mask.begin() + 1, mask.end());
  spectrum.push_back(2);
  return {"masked_istft",
          variant,
          {uniform(std::move(mask)), constant(uniform(std::move(spectrum)))},
          [=](const Vars& v) {
            return masked_istft(v[0], v[1].value(), options_on(v[0].device(), n_fft, hop, center), length);
          },
          reference};
}

// sum_n x[n] h(m down/up - n), the filter written out anew from its definition in autograd/resample.cpp.
Doubles reference_resample(const Doubles& x, int64_t samples, double up, double down) {
  const double r = std::min(1.0, up / down), cutoff = r * (kResamplePassBand + kResampleStopBand) / 2.0;
  const double width = 2.0 * (kResampleAttenuation - 7.95) /
                       (2.285 * 2.0 * std::numbers::pi * r * (kResampleStopBand - kResamplePassBand));
  const double beta = 0.1102 * (kResampleAttenuation - 8.7);
  const auto h = [&](double t) {
    if (std::fabs(t) > width / 2.0) return 0.0;
    const double sinc = t == 0.0 ? 1.0 : std::sin(std::numbers::pi * cutoff * t) / (std::numbers::pi * cutoff * t);
    const double place = 2.0 * t / width;
    return cutoff * sinc * std::cyl_bessel_i(0.0, beta * std::sqrt(1.0 - place * place)) / std::cyl_bessel_i(0.0, beta);
  };
  Doubles y;
  for (size_t row = 0; row < x.size(); row += static_cast<size_t>(samples))
    for (int64_t m = 0; static_cast<double>(m) * down < static_cast<double>(samples) * up; ++m) {
      y.push_back(0.0);
      for (int64_t n = 0; n < samples; ++n)
        y.back() += x[row + static_cast<size_t>(n)] * h(static_cast<double>(m) * down / up - static_cast<double>(n));
    }
  return y;
}

OpRow resample_row(const std::string& variant, Shape shape, int64_t from, int64_t to) {
  const int64_t samples = shape.back(), divisor = std::gcd(from, to);
  return {"resample",
          variant,
          {uniform(std::move(shape))},
          [=](const Vars& v) { return resample(v[0], from, to); },
          [=](const Arrays& in) {
            return reference_resample(in[0].values, samples, static_cast<double>(to / divisor),
                                      static_cast<double>(from / divisor));
          }};
}

Doubles magnitudes(const Arrays& in) {
  Doubles y;
  for (size_t i = 0; i < in[0].values.size(); i += 2) y.push_back(std::hypot(in[0].values[i], in[0].values[i + 1]));
  return y;
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> spectrum_rows() {
  return {
      rfft_row({2, 8}), rfft_row({2}), rfft_row({2, 2, 6}),
      irfft_row({2, 5, 2}), irfft_row({2, 2}), irfft_row({2, 2, 4, 2}),
      stft_row("", {2, 13}, 8, 2, true),
      stft_row("one_signal", {11}, 8, 3, true),
      stft_row("shorter_than_window", {6}, 8, 4, true),
      stft_row("batch_of_channels", {2, 2, 9}, 4, 2, true),
      stft_row("not_centered", {2, 13}, 8, 2, false),
      stft_row("not_centered_left_over", {12}, 8, 3, false),
      stft_row("hop_of_a_window", {12}, 4, 4, false),
      istft_row("", {4, 2, 5, 2}, 2, true, 0),
      istft_row("longer", {4, 5, 2}, 2, true, 13),
      istft_row("shorter", {4, 5, 2}, 2, true, 5),
      istft_row("batch_of_channels", {3, 2, 2, 3, 2}, 2, true, 0),
      istft_row("not_centered", {4, 5, 2}, 3, false, 0),
      istft_row("not_centered_longer", {3, 2, 5, 2}, 4, false, 19),
      {"magnitude", "", {away_from(0.0, {2, 3, 2})}, [](const Vars& v) { return magnitude(v[0]); }, magnitudes},
      apply_mask_row("same", {3, 4}, {3, 4, 2}),
      apply_mask_row("sources", {2, 3, 4}, {3, 4, 2}),
      masked_istft_row("", {2, 4, 3, 5}, true, 0),
      masked_istft_row("batch_of_channels", {3, 3, 2, 2, 3}, true, 5),
      masked_istft_row("not_centered", {1, 4, 5}, false, 0),
      resample_row("music_to_speech", {2, 2, 40}, 44100, 16000),
      resample_row("speech_to_music", {2, 13}, 16000, 44100),
      resample_row("integer_ratio", {31}, 3, 1),
      resample_row("one_sample", {2, 1}, 2, 3),
      resample_row("longer_than_the_filter", {340}, 3, 2),
  };
}
// clang-format on

}  // namespace unmix::test
