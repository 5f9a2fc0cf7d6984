// The report's charts. 480 units wide: with texts of 10 and more they can be read on a phone. Colours are those that
// the colour-blind tell apart (Okabe and Ito), and what a colour says a shape or a word says too.
#pragma once

#include "report/material.h"
#include "report/svg.h"

namespace unmix {

// One method of a box plot: a box over its values, or a single published value.
struct BoxRow {
  std::string name;
  Origin origin;
  std::vector<double> values;
  bool table = false;  // from a table without tracks; values holds its one number
};

// Horizontal boxes over the tracks, the highest median on top: box and line are quartiles, whiskers reach to the last
// values within 1.5 box lengths, dots lie beyond. Dots outside the whiskers of all are left out.
Svg box_plot(const std::string& title, const std::string& axis, std::vector<BoxRow> rows);

// Training and validation loss over the epochs, the best marked.
Svg curve_chart(const Curve& curve);

struct Bar {
  std::string name;
  double value;
};
Svg bar_chart(const std::string& title, const std::string& axis, const std::vector<Bar>& bars);

// Which of the methods differ: below[i][j] for j < i.
enum class Difference { shown, not_shown, untested };
Svg difference_chart(const std::string& title, const std::vector<std::string>& names,
                     const std::vector<std::vector<Difference>>& below);

}  // namespace unmix
