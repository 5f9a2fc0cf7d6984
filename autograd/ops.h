// The differentiable operations. Shapes are checked here, once; every message starts with the operation's name.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/var.h"

namespace unmix {

// ---- pointwise: of two tensors of one shape, or with the second's shape the end of the first's --------------------
Var add(const Var& a, const Var& b);
Var sub(const Var& a, const Var& b);
Var mul(const Var& a, const Var& b);
Var div(const Var& a, const Var& b);
Var scale(const Var& x, float factor);
Var add_scalar(const Var& x, float term);
Var abs(const Var& x);  // derivative 0 at 0
Var square(const Var& x);
Var sqrt(const Var& x);  // derivative 0 at 0
Var exp(const Var& x);
Var log(const Var& x);  // natural
Var tanh(const Var& x);
Var sigmoid(const Var& x);
Var relu(const Var& x);
Var leaky_relu(const Var& x, float slope);   // x for x > 0, slope x otherwise
Var clamp_min(const Var& x, float minimum);  // derivative 0 below and at the minimum
// Zeroes each value with probability p and scales the others by 1/(1-p); (seed, stream) choose which.
Var dropout(const Var& x, float p, uint64_t seed, uint64_t stream);

inline Var operator+(const Var& a, const Var& b) { return add(a, b); }
inline Var operator-(const Var& a, const Var& b) { return sub(a, b); }
inline Var operator*(const Var& a, const Var& b) { return mul(a, b); }
inline Var operator/(const Var& a, const Var& b) { return div(a, b); }
inline Var operator*(float factor, const Var& x) { return scale(x, factor); }
inline Var operator+(const Var& x, float term) { return add_scalar(x, term); }

// ---- reductions, accumulated in double ----------------------------------------------------------------------------
Var sum(const Var& x);                 // shape {}
Var mean(const Var& x);                // shape {}
Var sum_axis(const Var& x, int axis);  // removes the axis

// ---- shape --------------------------------------------------------------------------------------------------------
Var reshape(const Var& x, Shape shape);
Var permute(const Var& x, const std::vector<int>& order);  // axis i of the result is axis order[i] of x
Var concat(const std::vector<Var>& parts, int axis);
Var slice(const Var& x, int axis, int64_t begin, int64_t end);
Var pad(const Var& x, int axis, int64_t before, int64_t after);  // with zeros
// Parts of one shape along a new first axis; no copy where they lie one after another in one buffer.
Var stack(const std::vector<Var>& parts);

// ---- products -----------------------------------------------------------------------------------------------------
// (m, k) x (k, n), or a batch of such (b, m, k) x (b, k, n); each factor may be given transposed.
struct Transposed {
  bool a = false, b = false;
};
Var matmul(const Var& a, const Var& b, Transposed transposed = {});
// x (..., in), weight (out, in), bias (out) or undefined -> x weight^T + bias (..., out)
Var linear(const Var& x, const Var& weight, const Var& bias = {});
// x (batch, in, height, width), weight (out, in, kernel, kernel), bias (out) or undefined
Var conv2d(const Var& x, const Var& weight, const Var& bias, int64_t stride, int64_t padding);
// Largest value of each window of kernel x kernel, `stride` apart; of equal ones the first takes the gradient.
Var max_pool2d(const Var& x, int64_t kernel, int64_t stride);

// ---- recurrent ----------------------------------------------------------------------------------------------------
// Of one direction of one layer: w_ih (4 hidden, in), w_hh (4 hidden, hidden), b_ih and b_hh (4 hidden); i, f, g, o.
struct LstmParameters {
  Var w_ih, w_hh, b_ih, b_hh;
};
// x (steps, batch, in) -> (steps, batch, directions hidden); one or two directions.
Var lstm(const Var& x, const std::vector<LstmParameters>& directions);

// ---- normalisation ------------------------------------------------------------------------------------------------
struct BatchStatistics {
  Tensor mean, variance;  // running, per channel; the variance unbiased, as PyTorch keeps it
};
// One layer of batch normalisation, as batch_norm and mask_head use it.
struct BatchNormParameters {
  Var weight, bias;          // (channels)
  BatchStatistics* running;  // in training moved by `momentum` towards the batch's; otherwise what x is normalised by
  bool training;
  float momentum = 0.1f, eps = 1e-5f;
};
// x (outer, channels, inner...) with channels on axis 1: (x - m) / sqrt(v + eps) * weight + bias, m and v the batch's
// in training and the running ones otherwise.
Var batch_norm(const Var& x, const BatchNormParameters& layer);

// ---- spectra: complex tensors have a trailing axis of 2 -----------------------------------------------------------
Var rfft(const Var& x);          // (..., n) -> (..., n/2+1, 2), n even
Var irfft(const Var& spectrum);  // (..., n/2+1, 2) -> (..., n), with the factor 1/n

struct StftOptions {
  int64_t n_fft, hop;
  Tensor window;       // n_fft values on the signal's device
  bool center = true;  // frames centred on multiples of hop, the edges reflected
};
int64_t stft_frame_count(const StftOptions& options, int64_t samples);
// x (..., samples) -> (frames, ..., bins, 2), bins = n_fft/2+1
Var stft(const Var& x, const StftOptions& options);
// stft(x) and |stft(x)| (frames, ..., bins) without a graph, written to those of the two that are defined.
void stft_parts(const Tensor& x, const StftOptions& options, Tensor spectrum, Tensor magnitude);
Tensor stft_magnitude(const Tensor& x, const StftOptions& options);
// (frames, ..., bins, 2) -> (..., length), the least-squares inverse; length 0: as long as the frames reach.
Var istft(const Var& spectrum, const StftOptions& options, int64_t length = 0);

Var magnitude(const Var& spectrum);  // (..., 2) -> (...), derivative 0 at 0
// mask (..., S) times the complex spectrum S + (2): the spectrum repeats along the mask's first axes.
Var apply_mask(const Var& mask, const Tensor& spectrum);
// ISTFT(mask_k S) for each source k: mask (K, frames, ..., bins), S (frames, ..., bins, 2) -> (K, ..., length). The
// masked spectra are never stored, nor are their gradients.
Var masked_istft(const Var& mask, const Tensor& spectrum, const StftOptions& options, int64_t length = 0);

// ---- resampling ---------------------------------------------------------------------------------------------------
// (..., samples) at from_rate -> (..., ceil(samples to_rate / from_rate)) at to_rate, in phase, zeros outside. Of the
// lower of the two Nyquist frequencies: flat within 0.001 dB up to kResamplePassBand, kResampleAttenuation dB down from
// kResampleStopBand on. 44100 to 16000 Hz: flat to 7600 Hz, gone at 8000 Hz.
constexpr double kResamplePassBand = 0.95, kResampleStopBand = 1.0, kResampleAttenuation = 80.0;
Var resample(const Var& x, int64_t from_rate, int64_t to_rate);

}  // namespace unmix
