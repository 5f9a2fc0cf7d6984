#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "op_references.h"
#include "op_table.h"

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
  return {"stft", variant, {uniform(std::move(shape))},
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
  return {"istft", variant, {uniform(std::move(shape))},
          [=](const Vars& v) { return istft(v[0], options_on(v[0].device(), n_fft, hop, center), length); }, reference};
}

OpRow rfft_row(Shape shape) {
  const int64_t n = shape.back();
  return {"rfft", std::to_string(n), {uniform(std::move(shape))}, [](const Vars& v) { return rfft(v[0]); },
          [n](const Arrays& in) { return reference_rfft(in[0].values, n); }};
}

OpRow irfft_row(Shape shape) {
  const int64_t n = 2 * (shape[shape.size() - 2] - 1);
  return {"irfft", std::to_string(n), {uniform(std::move(shape))}, [](const Vars& v) { return irfft(v[0]); },
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
  return {"apply_mask", variant, {uniform(std::move(mask)), constant(uniform(std::move(spectrum)))},
          [](const Vars& v) { return apply_mask(v[0], v[1].value()); }, reference};
}

// Per value m_k x - y_k.
Doubles residuals(const Arrays& in) {
  Doubles e = in[0].values;
  for (size_t i = 0; i < e.size(); ++i) e[i] = e[i] * in[1].values[i % in[1].values.size()] - in[2].values[i];
  return e;
}

OpRow masked_distance_row(const std::string& variant, Distance distance) {
  const Reference reference = [distance](const Arrays& in) {
    const Doubles e = residuals(in);
    const size_t size = in[1].values.size();
    Doubles y(e.size() / size);
    for (size_t i = 0; i < e.size(); ++i)
      y[i / size] += (distance == Distance::squared ? e[i] * e[i] : std::fabs(e[i])) / static_cast<double>(size);
    return y;
  };
  return {"masked_distance", variant,
          {uniform({2, 3, 4}), constant(uniform({3, 4})), constant(uniform({2, 3, 4}, -2.0, 2.0))},
          [distance](const Vars& v) { return masked_distance(v[0], v[1].value(), v[2].value(), distance); }, reference,
          residuals};
}

Doubles magnitudes(const Arrays& in) {
  Doubles y;
  for (size_t i = 0; i < in[0].values.size(); i += 2) y.push_back(std::hypot(in[0].values[i], in[0].values[i + 1]));
  return y;
}

}  // namespace

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
      masked_distance_row("squared", Distance::squared),
      masked_distance_row("absolute", Distance::absolute),
  };
}

}  // namespace unmix::test
