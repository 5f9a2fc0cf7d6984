#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "evaluation/statistics.h"
#include "report/axis.h"
#include "report/charts.h"

namespace unmix {
namespace {

constexpr double kWidth = 480, kRow = 17, kTop = 46, kBelow = 38, kRight = 14;
constexpr size_t kLongestName = 24;
constexpr size_t kFewest = 5;  // tracks of a box; quartiles of fewer say nothing, each is a dot then

struct Look {
  const char *fill, *stroke, *word;
};
constexpr Look kOurs{"#0072B2", "#00324f", "our runs"}, kPublished{"#c9ccd1", "#555b66", "published"},
    kReference{"#ffffff", "#555b66", "ideal masks, mixture"}, kTable{"#D55E00", "#7a3600", "table, no tracks"};

const Look& look_of(const BoxRow& row) {
  if (row.table) return kTable;
  return row.origin == Origin::ours ? kOurs : row.origin == Origin::published ? kPublished : kReference;
}

std::string style_of(const Look& look) {
  return fmt::format(R"(fill="{}" stroke="{}" stroke-width="1"{})", look.fill, look.stroke,
                     &look == &kReference ? R"( stroke-dasharray="3 2")" : "");
}

void draw_legend(Svg& svg, const std::vector<BoxRow>& rows) {
  double x = 8;
  for (const Look* look : {&kOurs, &kPublished, &kReference, &kTable}) {
    if (std::none_of(rows.begin(), rows.end(), [&](const BoxRow& row) { return &look_of(row) == look; })) continue;
    if (look == &kTable)
      svg.diamond(x + 6, 31, 5, style_of(*look));
    else
      svg.rect(x, 26, 12, 10, style_of(*look));
    svg.text(x + 17, 35, look->word, {.size = 10});
    x += 30 + text_width(look->word, 10) * 0.95;
  }
}

void draw_row(Svg& svg, const BoxRow& row, const Axis& axis, double y) {
  const Look& look = look_of(row);
  const double middle = median(row.values);
  svg.title(fmt::format("{}: median {:.2f} dB over {} tracks", row.name, middle, row.values.size()));
  if (row.table) {
    svg.title(fmt::format("{}: {:.2f} dB", row.name, middle));
    return svg.diamond(axis.at(middle), y, 5, style_of(look));
  }
  if (row.values.size() < kFewest) {
    for (const double value : row.values) svg.circle(axis.at(value), y, 3, style_of(look));
    return svg.line(axis.at(middle), y - 5.5, axis.at(middle), y + 5.5, R"(stroke="#222" stroke-width="2")");
  }
  const Box box = box_of(row.values);
  const std::string stroke = fmt::format(R"(stroke="{}" stroke-width="1")", look.stroke);
  svg.rect(axis.at(box.first), y - 5.5, std::max(1.0, axis.at(box.third) - axis.at(box.first)), 11, style_of(look));
  svg.line(axis.at(box.low), y, axis.at(box.first), y, stroke);
  svg.line(axis.at(box.third), y, axis.at(box.high), y, stroke);
  for (const double end : {box.low, box.high}) svg.line(axis.at(end), y - 3, axis.at(end), y + 3, stroke);
  svg.line(axis.at(middle), y - 5.5, axis.at(middle), y + 5.5,
           fmt::format(R"(stroke="{}" stroke-width="2.5")", &look == &kOurs ? "#ffffff" : "#222"));
  for (const double value : box.outliers)
    if (axis.has(value)) svg.circle(axis.at(value), y, 1.6, R"(fill="none" stroke="#555b66" stroke-width="0.8")");
}

Axis axis_of(const std::vector<BoxRow>& rows, double left) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const BoxRow& row : rows) {
    const Box box = box_of(row.values);
    low = std::min(low, box.low), high = std::max(high, box.high);
    for (const double value : box.outliers)
      if (row.values.size() < kFewest) low = std::min(low, value), high = std::max(high, value);
  }
  return {low, high, left, kWidth - kRight};
}

}  // namespace

Svg box_plot(const std::string& title, const std::string& axis_name, std::vector<BoxRow> rows) {
  std::erase_if(rows, [](const BoxRow& row) { return row.values.empty(); });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const BoxRow& a, const BoxRow& b) { return median(a.values) > median(b.values); });
  double left = 40;
  for (const BoxRow& row : rows) left = std::max(left, 14 + text_width(shortened(row.name, kLongestName), 11));
  const double bottom = kTop + kRow * static_cast<double>(rows.size()) + 4;
  Svg svg(kWidth, bottom + kBelow, fmt::format("Box plot: {}, {} methods, the best first", title, rows.size()));
  svg.text(8, 17, title, {.size = 13, .bold = true});
  draw_legend(svg, rows);
  if (rows.empty()) return svg;
  const Axis axis = axis_of(rows, left);
  draw_horizontal(svg, axis, kTop, bottom, (left + kWidth - kRight) / 2, axis_name);
  for (size_t i = 0; i < rows.size(); ++i) {
    const double y = kTop + kRow * (static_cast<double>(i) + 0.5) + 2;
    const bool ours = !rows[i].table && rows[i].origin == Origin::ours;
    svg.text(left - 7, y + 4, shortened(rows[i].name, kLongestName), {.anchor = "end", .bold = ours});
    draw_row(svg, rows[i], axis, y);
  }
  return svg;
}

}  // namespace unmix
