#include <cmath>

#include "autograd/ops.h"
#include "autograd/pointwise.h"
#include "tensor/math.h"

namespace unmix {
namespace {

struct Add {
  HD float f(float a, float b) const { return a + b; }
  HD float da(float, float) const { return 1.0f; }
  HD float db(float, float) const { return 1.0f; }
};

struct Sub {
  HD float f(float a, float b) const { return a - b; }
  HD float da(float, float) const { return 1.0f; }
  HD float db(float, float) const { return -1.0f; }
};

struct Mul {
  HD float f(float a, float b) const { return a * b; }
  HD float da(float, float b) const { return b; }
  HD float db(float a, float) const { return a; }
};

struct Div {
  HD float f(float a, float b) const { return a / b; }
  HD float da(float, float b) const { return 1.0f / b; }
  HD float db(float a, float b) const { return -a / (b * b); }
};

struct Scale {
  static constexpr Keep keep = Keep::none;
  float factor;
  HD float f(float x) const { return factor * x; }
  HD float df(float, float) const { return factor; }
};

struct AddScalar {
  static constexpr Keep keep = Keep::none;
  float term;
  HD float f(float x) const { return x + term; }
  HD float df(float, float) const { return 1.0f; }
};

struct Abs {
  static constexpr Keep keep = Keep::x;
  HD float f(float x) const { return std::fabs(x); }
  HD float df(float x, float) const { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f; }
};

struct Square {
  static constexpr Keep keep = Keep::x;
  HD float f(float x) const { return x * x; }
  HD float df(float x, float) const { return 2.0f * x; }
};

struct Sqrt {
  static constexpr Keep keep = Keep::y;
  HD float f(float x) const { return std::sqrt(x); }
  HD float df(float, float y) const { return y > 0.0f ? 0.5f / y : 0.0f; }
};

struct Exp {
  static constexpr Keep keep = Keep::y;
  HD float f(float x) const { return std::exp(x); }
  HD float df(float, float y) const { return y; }
};

struct Log {
  static constexpr Keep keep = Keep::x;
  HD float f(float x) const { return std::log(x); }
  HD float df(float x, float) const { return 1.0f / x; }
};

struct Tanh {
  static constexpr Keep keep = Keep::y;
  HD float f(float x) const { return tanh_approx(x); }
  HD float df(float, float y) const { return 1.0f - y * y; }
};

struct Sigmoid {
  static constexpr Keep keep = Keep::y;
  HD float f(float x) const { return unmix::sigmoid(x); }
  HD float df(float, float y) const { return y * (1.0f - y); }
};

struct LeakyRelu {
  static constexpr Keep keep = Keep::x;
  float slope;
  HD float f(float x) const { return x > 0.0f ? x : slope * x; }
  HD float df(float x, float) const { return x > 0.0f ? 1.0f : slope; }
};

// Comparisons are such that NaN passes through.
struct Relu {
  static constexpr Keep keep = Keep::y;
  HD float f(float x) const { return x <= 0.0f ? 0.0f : x; }
  HD float df(float, float y) const { return y > 0.0f ? 1.0f : 0.0f; }
};

struct ClampMin {
  static constexpr Keep keep = Keep::x;
  float minimum;
  HD float f(float x) const { return x <= minimum ? minimum : x; }
  HD float df(float x, float) const { return x > minimum ? 1.0f : 0.0f; }
};

}  // namespace

Var add(const Var& a, const Var& b) { return pointwise<Add>("add", a, b); }
Var sub(const Var& a, const Var& b) { return pointwise<Sub>("sub", a, b); }
Var mul(const Var& a, const Var& b) { return pointwise<Mul>("mul", a, b); }
Var div(const Var& a, const Var& b) { return pointwise<Div>("div", a, b); }
Var scale(const Var& x, float factor) { return pointwise(x, Scale{factor}); }
Var add_scalar(const Var& x, float term) { return pointwise(x, AddScalar{term}); }
Var abs(const Var& x) { return pointwise<Abs>(x); }
Var square(const Var& x) { return pointwise<Square>(x); }
Var sqrt(const Var& x) { return pointwise<Sqrt>(x); }
Var exp(const Var& x) { return pointwise<Exp>(x); }
Var log(const Var& x) { return pointwise<Log>(x); }
Var tanh(const Var& x) { return pointwise<Tanh>(x); }
Var sigmoid(const Var& x) { return pointwise<Sigmoid>(x); }
Var relu(const Var& x) { return pointwise<Relu>(x); }
Var leaky_relu(const Var& x, float slope) { return pointwise(x, LeakyRelu{slope}); }
Var clamp_min(const Var& x, float minimum) { return pointwise(x, ClampMin{minimum}); }

}  // namespace unmix
