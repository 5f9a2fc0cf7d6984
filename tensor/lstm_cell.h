// One unit of an LSTM for one step, which both CPU forms share.
#pragma once

#include <cmath>

#include "tensor/math.h"

namespace unmix {

struct LstmCell {
  float i, f, g, o;  // the gates' values
  float c, h;        // the next cell, the output
};

// From the gates' sums and the cell before:  c = sigmoid(f) c' + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(c)
inline LstmCell lstm_cell(float i_sum, float f_sum, float g_sum, float o_sum, float before) {
  const float i = sigmoid(i_sum), f = sigmoid(f_sum), g = tanh_approx(g_sum), o = sigmoid(o_sum);
#if defined(__FMA__)
  const float c = std::fma(f, before, i * g);  // spelt out: a compiler may fuse either product
#else
  const float c = f * before + i * g;
#endif
  return {i, f, g, o, c, o * tanh_approx(c)};
}

}  // namespace unmix
