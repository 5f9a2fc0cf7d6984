// Short-time Fourier transform and its least-squares inverse (Griffin & Lim, 1984), with their adjoints as gradients:
// see tensor/stft.h for the two primitives that make all four.
#include "tensor/stft.h"

#include <algorithm>
#include <tuple>

#include "autograd/ops.h"
#include "base/error.h"
#include "base/recent.h"

namespace unmix {
namespace {

void check_options(const StftOptions& options, const char* op) {
  check(options.n_fft >= 2 && options.n_fft % 2 == 0, op, "n_fft {} is not an even number of 2 or more", options.n_fft);
  check(options.hop >= 1 && options.hop <= options.n_fft, op, "hop {} is not between 1 and n_fft {}", options.hop,
        options.n_fft);
  check(options.window.defined() && options.window.shape() == Shape{options.n_fft}, op,
        "the window must have n_fft = {} values", options.n_fft);
}

StftFrames frames_of(const Tensor& x, const StftOptions& options) {
  check(x.rank() >= 1 && x.size() > 0, "stft", "shape {} holds no signal", to_string(x.shape()));
  const int64_t samples = x.dim(-1);
  return {.n_fft = options.n_fft,
          .hop = options.hop,
          .pad = options.center ? options.n_fft / 2 : 0,
          .signals = x.size() / samples,
          .samples = samples,
          .frames = stft_frame_count(options, samples),
          .edge = options.center ? Edge::reflect : Edge::zero};
}

// (..., samples) -> (frames, ..., bins)
Shape spectrum_shape(const Tensor& x, const StftFrames& f) {
  Shape shape = x.shape();
  shape.back() = f.bins();
  shape.insert(shape.begin(), f.frames);
  return shape;
}

// 1 / sum over frames of window^2, as far as frames reach; 0 beyond.
std::vector<float> inverse_envelope(const StftFrames& f, const std::vector<float>& window) {
  std::vector<double> envelope(static_cast<size_t>(f.samples), 0.0);
  for (int64_t frame = 0; frame < f.frames; ++frame) {
    const int64_t start = frame * f.hop - f.pad;
    for (int64_t n = std::max<int64_t>(0, -start); n < f.n_fft && start + n < f.samples; ++n) {
      const double w = window[static_cast<size_t>(n)];
      envelope[static_cast<size_t>(start + n)] += w * w;
    }
  }
  const int64_t reach = std::min(f.samples, (f.frames - 1) * f.hop + f.n_fft - f.pad);
  std::vector<float> inverse(envelope.size(), 0.0f);
  for (int64_t t = 0; t < reach; ++t) {
    const double e = envelope[static_cast<size_t>(t)];
    check(e > 1e-11, "istft", "the windows add up to nothing at sample {}; use a smaller hop or center", t);
    inverse[static_cast<size_t>(t)] = static_cast<float>(1.0 / e);
  }
  return inverse;
}

// Envelopes cost as much as an overlap-add and the same few come back every step. Each thread keeps its own, since each
// has its own CUDA stream.
Tensor cached_inverse_envelope(const StftFrames& f, const Tensor& window) {
  struct Envelope {
    Tensor window;  // held, so that its address stays its own
    Tensor inverse;
  };
  thread_local Recent<std::tuple<const float*, int64_t, int64_t, int64_t, int64_t>, Envelope> recent;
  const auto make = [&] {
    return Envelope{window, Tensor::from(inverse_envelope(f, window.to_vector()), {f.samples}, window.device())};
  };
  return recent.get({window.data(), f.hop, f.pad, f.samples, f.frames}, make).inverse;
}

}  // namespace

int64_t stft_frame_count(const StftOptions& options, int64_t samples) {
  check_options(options, "stft");
  if (options.center) {
    check(samples > options.n_fft / 2, "stft", "reflecting {} samples at the edges needs a longer signal than {}",
          options.n_fft / 2, samples);
    return samples / options.hop + 1;
  }
  check(samples >= options.n_fft, "stft", "a signal of {} samples is shorter than n_fft {}", samples, options.n_fft);
  return (samples - options.n_fft) / options.hop + 1;
}

Var stft(const Var& x, const StftOptions& options) {
  const StftFrames f = frames_of(x.value(), options);
  const Tensor window = options.window;
  Shape shape = spectrum_shape(x.value(), f);
  shape.push_back(2);
  Tensor spectrum = Tensor::empty(shape, x.device());
  stft_analysis(x.device(), f, window.data(), nullptr, x.value().data(), {.spectrum = spectrum.data()});
  return make_var(spectrum, {x}, [f, window, shape = x.shape()](const Tensor& dy, Gradients& gradients) {
    StftFrames adjoint = f;
    adjoint.inner_gain = 0.5f;
    Tensor dx = Tensor::empty(shape, dy.device());
    stft_synthesis(dy.device(), adjoint, window.data(), nullptr, dy.data(), nullptr, dx.data());
    gradients.add(0, dx);
  });
}

void stft_parts(const Tensor& x, const StftOptions& options, Tensor spectrum, Tensor magnitude) {
  const StftFrames f = frames_of(x, options);
  Shape shape = spectrum_shape(x, f);
  const auto fits = [&](const Tensor& out) {
    check(!out.defined() || out.shape() == shape, "stft", "output {} does not fit a signal {}",
          out.defined() ? to_string(out.shape()) : "", to_string(x.shape()));
    shape.push_back(2);
  };
  fits(magnitude);
  fits(spectrum);
  stft_analysis(x.device(), f, options.window.data(), nullptr, x.data(),
                {.spectrum = spectrum.defined() ? spectrum.data() : nullptr,
                 .magnitude = magnitude.defined() ? magnitude.data() : nullptr});
}

Tensor stft_magnitude(const Tensor& x, const StftOptions& options) {
  Tensor magnitude = Tensor::empty(spectrum_shape(x, frames_of(x, options)), x.device());
  stft_parts(x, options, {}, magnitude);
  return magnitude;
}

namespace {

struct Inverse {
  StftFrames frames;
  Shape shape;  // of the result
  Tensor window, envelope;
};

// (frames, ..., bins) of a spectrum -> the inverse transform's parameters.
Inverse inverse_of(Shape bins, const StftOptions& options, int64_t length, const char* op) {
  check_options(options, op);
  const int64_t n_fft = options.n_fft, frames = bins.empty() ? 0 : bins[0], pad = options.center ? n_fft / 2 : 0;
  check(bins.size() >= 2 && bins.back() == n_fft / 2 + 1 && element_count(bins) > 0, op,
        "bins {} are not (frames, ..., {})", to_string(bins), n_fft / 2 + 1);
  if (length == 0) length = (frames - 1) * options.hop + n_fft - 2 * pad;
  check(length > 0, op, "{} frames with hop {} hold no sample; give a length", frames, options.hop);
  Shape shape(bins.begin() + 1, bins.end());
  shape.back() = length;
  const float per_bin = 1.0f / static_cast<float>(n_fft);
  const StftFrames f{.n_fft = n_fft,
                     .hop = options.hop,
                     .pad = pad,
                     .signals = element_count(shape) / length,
                     .samples = length,
                     .frames = frames,
                     .edge = Edge::zero,
                     .outer_gain = per_bin,
                     .inner_gain = per_bin};
  return {f, shape, options.window, cached_inverse_envelope(f, options.window)};
}

// Of the inverse transform's adjoint, whose interior bins stand for two.
StftFrames adjoint_of(StftFrames frames) {
  frames.inner_gain *= 2.0f;
  return frames;
}

}  // namespace

Var istft(const Var& spectrum, const StftOptions& options, int64_t length) {
  Shape bins = spectrum.shape();
  check(!bins.empty() && bins.back() == 2, "istft", "shape {} is not complex", to_string(bins));
  bins.pop_back();
  const Inverse inverse = inverse_of(bins, options, length, "istft");
  Tensor x = Tensor::empty(inverse.shape, spectrum.device());
  stft_synthesis(x.device(), inverse.frames, inverse.window.data(), inverse.envelope.data(), spectrum.value().data(),
                 nullptr, x.data());
  return make_var(x, {spectrum}, [inverse, shape = spectrum.shape()](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(shape, dy.device());
    stft_analysis(dy.device(), adjoint_of(inverse.frames), inverse.window.data(), inverse.envelope.data(), dy.data(),
                  {.spectrum = dx.data()});
    gradients.add(0, dx);
  });
}

Var masked_istft(const Var& mask, const Tensor& spectrum, const StftOptions& options, int64_t length) {
  Shape bins = spectrum.shape();
  check(!bins.empty() && bins.back() == 2, "masked_istft", "spectrum {} is not complex", to_string(bins));
  bins.pop_back();
  const Shape& masks = mask.shape();
  check(masks.size() == bins.size() + 1 && masks[0] > 0 && std::equal(bins.begin(), bins.end(), masks.begin() + 1),
        "masked_istft", "masks {} do not fit the spectrum {}: (sources, frames, ..., bins) are expected",
        to_string(masks), to_string(spectrum.shape()));
  const Inverse inverse = inverse_of(bins, options, length, "masked_istft");
  Shape shape = inverse.shape;
  shape.insert(shape.begin(), masks[0]);
  const Tensor m = mask.value();
  Tensor x = Tensor::empty(shape, mask.device());
  for (int64_t k = 0; k < masks[0]; ++k)
    stft_synthesis(x.device(), inverse.frames, inverse.window.data(), inverse.envelope.data(), spectrum.data(),
                   m[k].data(), x[k].data());
  return make_var(x, {mask}, [inverse, spectrum, masks](const Tensor& dy, Gradients& gradients) {
    Tensor dmask = Tensor::empty(masks, dy.device());
    for (int64_t k = 0; k < masks[0]; ++k)
      stft_analysis(dy.device(), adjoint_of(inverse.frames), inverse.window.data(), inverse.envelope.data(),
                    dy[k].data(), {.other = spectrum.data(), .dot = dmask[k].data()});
    gradients.add(0, dmask);
  });
}

}  // namespace unmix
