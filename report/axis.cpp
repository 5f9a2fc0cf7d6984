#include "report/axis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace unmix {
namespace {

// 1, 2 or 5 times a power of ten.
double round_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * (1.0 + 1e-9)) return factor * power;
  return 10.0 * power;
}

}  // namespace

Axis::Axis(double low, double high, double begin, double end, int marks) : begin_(begin), end_(end) {
  const double least = std::max(std::abs(low), std::abs(high)) * 1e-6 + 1e-12;  // a constant curve has an axis too
  if (high - low < least) low -= least, high += least;
  step_ = round_step((high - low) / marks);
  low_ = std::floor(low / step_ + 1e-9) * step_;
  high_ = std::ceil(high / step_ - 1e-9) * step_;
}

std::vector<double> Axis::marks() const {
  std::vector<double> values;
  for (int i = 0; i <= std::lround((high_ - low_) / step_); ++i) values.push_back(low_ + i * step_);
  return values;
}

std::string Axis::text(double mark) {
  const std::string text = fmt::format("{:.6g}", std::abs(mark) < 1e-12 ? 0.0 : mark);
  return text.starts_with('-') ? fmt::format("−{}", text.substr(1)) : text;
}

void draw_horizontal(Svg& svg, const Axis& axis, double top, double bottom, double center, const std::string& name) {
  for (const double mark : axis.marks()) {
    svg.line(axis.at(mark), top, axis.at(mark), bottom, kGrid);
    svg.text(axis.at(mark), bottom + 14, Axis::text(mark), {.anchor = "middle"});
  }
  svg.text(center, bottom + 30, name, {.anchor = "middle"});
}

}  // namespace unmix
