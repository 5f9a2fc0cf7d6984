#include "report/charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "evaluation/statistics.h"
#include "report/axis.h"

namespace unmix {
namespace {

constexpr double kWidth = 480;
constexpr const char* kTrainLine = R"(stroke="#0072B2" stroke-width="2")";
constexpr const char* kValidLine = R"(stroke="#D55E00" stroke-width="2" stroke-dasharray="6 3")";

using Points = std::vector<std::pair<double, double>>;

// The values that are numbers; an axis over other values would show nothing.
std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> result;
  for (const double value : values)
    if (std::isfinite(value)) result.push_back(value);
  return result;
}

Axis loss_axis(const Curve& curve, double top, double bottom) {
  std::vector<double> values = finite(curve.train);
  for (const double value : finite(curve.valid)) values.push_back(value);
  if (values.empty()) values = {0.0, 1.0};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high, bottom, top, 4};
}

void draw_curve(Svg& svg, const std::vector<double>& values, const Axis& x, const Axis& y, const char* style) {
  Points points;
  for (size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) points.emplace_back(x.at(static_cast<double>(i + 1)), y.at(values[i]));
  if (points.size() == 1) points.emplace_back(points[0].first + 3, points[0].second);
  svg.polyline(points, style);
}

}  // namespace

Svg curve_chart(const Curve& curve) {
  constexpr double kTop = 46, kBottom = 206, kRight = kWidth - 14;
  Svg svg(kWidth, kBottom + 38,
          fmt::format("Training curve of {}: {} epochs, best {}", curve.name, curve.train.size(), curve.best_epoch));
  svg.text(8, 17, shortened(curve.name, 52), {.size = 13, .bold = true});
  svg.line(8, 31, 34, 31, kTrainLine);
  svg.text(40, 35, "training loss", {.size = 10});
  svg.line(136, 31, 162, 31, kValidLine);
  svg.text(168, 35, "validation loss", {.size = 10});
  const Axis y = loss_axis(curve, kTop, kBottom);
  double left = 30;
  for (const double mark : y.marks()) left = std::max(left, 12 + text_width(Axis::text(mark), 11));
  for (const double mark : y.marks()) {
    svg.line(left, y.at(mark), kRight, y.at(mark), kGrid);
    svg.text(left - 5, y.at(mark) + 4, Axis::text(mark), {.anchor = "end"});
  }
  const auto epochs = static_cast<double>(std::max(curve.train.size(), size_t{2}));
  const Axis x(1.0, epochs, left + 8, kRight, static_cast<int>(std::min(6.0, epochs - 1.0)));  // whole epochs
  draw_horizontal(svg, x, kBottom, kBottom + 4, (left + kRight) / 2, "epoch");
  draw_curve(svg, curve.train, x, y, kTrainLine);
  draw_curve(svg, curve.valid, x, y, kValidLine);
  const auto best = static_cast<size_t>(std::max(0, curve.best_epoch));
  if (best >= 1 && best <= curve.valid.size() && std::isfinite(curve.valid[best - 1])) {
    svg.circle(x.at(static_cast<double>(best)), y.at(curve.valid[best - 1]), 4.5,
               R"(fill="#fff" stroke="#D55E00" stroke-width="2")");
    svg.text(kRight, 35, fmt::format("best {:.5g}, epoch {}", curve.valid[best - 1], best),
             {.size = 10, .anchor = "end"});
  }
  return svg;
}

Svg bar_chart(const std::string& title, const std::string& axis_name, const std::vector<Bar>& bars) {
  constexpr double kTop = 30, kRow = 18, kRight = kWidth - 64;
  const double bottom = kTop + kRow * static_cast<double>(bars.size()) + 4;
  Svg svg(kWidth, bottom + 38, fmt::format("Bar chart: {}", title));
  svg.text(8, 17, title, {.size = 13, .bold = true});
  double left = 40, high = 0.0;
  for (const Bar& bar : bars) {
    left = std::max(left, 14 + text_width(shortened(bar.name, 26), 11));
    high = std::max(high, bar.value);
  }
  const Axis axis(0.0, high, left, kRight, 5);
  draw_horizontal(svg, axis, kTop, bottom, (left + kRight) / 2, axis_name);
  for (size_t i = 0; i < bars.size(); ++i) {
    const double y = kTop + kRow * (static_cast<double>(i) + 0.5) + 2;
    svg.text(left - 7, y + 4, shortened(bars[i].name, 26), {.anchor = "end"});
    svg.rect(left, y - 6, axis.at(bars[i].value) - left, 12, R"(fill="#0072B2")");
    svg.text(axis.at(bars[i].value) + 5, y + 4, fmt::format("{:.3g}", bars[i].value));
  }
  return svg;
}

Svg difference_chart(const std::string& title, const std::vector<std::string>& names,
                     const std::vector<std::vector<Difference>>& below) {
  constexpr double kTop = 46;
  double left = 40;
  for (size_t i = 0; i < names.size(); ++i) left = std::max(left, 40 + text_width(shortened(names[i], 20), 10));
  const double cell = std::min(16.0, (kWidth - 14 - left) / static_cast<double>(names.size()));
  const double bottom = kTop + cell * static_cast<double>(names.size());
  Svg svg(kWidth, bottom + 20, fmt::format("Which methods differ significantly: {}", title));
  svg.text(8, 17, title, {.size = 13, .bold = true});
  constexpr const char* kStyles[] = {R"(fill="#0072B2")", R"(fill="#e9edf2")", R"(fill="#fff" stroke="#bbb")"};
  constexpr const char* kWords[] = {"differ (p < 0.05)", "no difference shown", "no shared track"};
  for (size_t i = 0; i < 3; ++i) {
    svg.rect(8.0 + 155.0 * static_cast<double>(i), 26, 12, 10, kStyles[i]);
    svg.text(25.0 + 155.0 * static_cast<double>(i), 35, kWords[i], {.size = 10});
  }
  const double size = std::min(10.0, cell - 1.0);
  for (size_t i = 0; i < names.size(); ++i) {
    const double y = kTop + cell * static_cast<double>(i);
    const std::string number = std::to_string(i + 1);
    svg.text(left - 5, y + cell * 0.8, fmt::format("{} {}", shortened(names[i], 20), number),
             {.size = size, .anchor = "end"});
    svg.text(left + cell * (static_cast<double>(i) + 0.5), y + cell * 0.8, number,
             {.size = size * 0.8, .anchor = "middle"});
    for (size_t begin = 0, end = 0; begin < i; begin = end) {  // neighbours of one kind are one rectangle
      while (end < i && below[i][end] == below[i][begin]) ++end;
      svg.rect(left + cell * static_cast<double>(begin), y + 0.5, cell * static_cast<double>(end - begin) - 0.5,
               cell - 1, kStyles[static_cast<size_t>(below[i][begin])]);
    }
  }
  return svg;
}

}  // namespace unmix
