// A linear axis with round marks.
#pragma once

#include <string>
#include <vector>

#include "report/svg.h"

namespace unmix {

class Axis {
 public:
  // Values low..high on the drawing's begin..end; low and high move outwards to marks, about `marks` of them.
  Axis(double low, double high, double begin, double end, int marks = 6);

  double at(double value) const { return begin_ + (value - low_) / (high_ - low_) * (end_ - begin_); }
  bool has(double value) const { return value >= low_ && value <= high_; }
  std::vector<double> marks() const;
  static std::string text(double mark);

 private:
  double low_, high_, begin_, end_, step_;
};

constexpr const char* kGrid = R"(stroke="#e2e4e8" stroke-width="1")";
constexpr const char* kFrame = R"(stroke="#888" stroke-width="1")";

// The marks of a horizontal axis with lines from `top` to `bottom`, their numbers, and the axis' name below.
void draw_horizontal(Svg& svg, const Axis& axis, double top, double bottom, double center, const std::string& name);

}  // namespace unmix
