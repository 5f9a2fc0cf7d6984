#include "report/roofline.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "report/axis.h"

namespace unmix {
namespace {

constexpr double kWidth = 480, kTop = 48, kBottom = 326, kLeft = 50, kRight = kWidth - 14;
constexpr double kRadius = 3, kNumberSize = 10, kNear = 10, kRow = 15;

class LogAxis {
 public:
  LogAxis(double low, double high, double begin, double end)
      : begin_(begin), end_(end), low_(std::log10(low)), high_(std::log10(high)) {}

  double at(double value) const { return begin_ + (std::log10(value) - low_) / (high_ - low_) * (end_ - begin_); }
  double low() const { return std::pow(10.0, low_); }
  double high() const { return std::pow(10.0, high_); }
  // `factor` times the powers of ten in the range.
  std::vector<double> marks(double factor) const {
    std::vector<double> values;
    const double shift = std::log10(factor);
    for (double power = std::ceil(low_ - shift); power + shift <= high_; ++power)
      values.push_back(factor * std::pow(10.0, power));
    return values;
  }

 private:
  double begin_, end_, low_, high_;
};

struct Place {
  double x, y;
};

struct Box {
  double left, top, right, bottom;

  static Box around(Place center, double width, double height) {
    return {center.x - width / 2, center.y - height / 2, center.x + width / 2, center.y + height / 2};
  }
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  bool inside(const Box& other) const {
    return left >= other.left && right <= other.right && top >= other.top && bottom <= other.bottom;
  }
};

// Small boxes along a line.
std::vector<Box> along(Place from, Place to) {
  std::vector<Box> boxes;
  const int steps = 1 + static_cast<int>(std::hypot(to.x - from.x, to.y - from.y) / 2);
  for (int i = 0; i <= steps; ++i) {
    const double part = static_cast<double>(i) / steps;
    boxes.push_back(Box::around({from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)}, 2, 2));
  }
  return boxes;
}

// Where texts may stand: each takes its room from those that come later.
class Room {
 public:
  explicit Room(const Box& frame) : frame_(frame) {}

  void take(const Box& box) { taken_.push_back(box); }

  bool free(const Box& box) const {
    return box.inside(frame_) && std::ranges::none_of(taken_, [&](const Box& taken) { return taken.meets(box); });
  }

 private:
  Box frame_;
  std::vector<Box> taken_;
};

// The centre of a number beside its point, or where that is taken, farther away with a line to it. The nearest place is
// the best, but that of a line across other things.
Place place_number(Place point, double width, Room& room) {
  double best = 1e300;
  Place chosen{};
  std::vector<Box> chosen_line;
  for (double distance = kNear; distance < 150; distance += 3)
    for (int turn = 0; turn < 16; ++turn) {
      const double right = std::cos(turn * M_PI / 8), down = -std::sin(turn * M_PI / 8);
      const auto at = [&](double r) { return Place{point.x + r * right, point.y + r * down}; };
      if (!room.free(Box::around(at(distance), width, kNumberSize))) continue;
      std::vector<Box> line;
      if (distance > kNear + 4) line = along(at(8), at(distance - 8));
      const auto crossed = std::ranges::count_if(line, [&](const Box& box) { return !room.free(box); });
      const double cost = distance + 4.0 * static_cast<double>(crossed);
      if (cost < best) best = cost, chosen = at(distance), chosen_line = line;
    }
  check(best < 1e300, "roofline", "the points are too many for one picture: give unmix_bench a filter");
  room.take(Box::around(chosen, width + 2, kNumberSize));
  for (const Box& box : chosen_line) room.take(box);
  return chosen;
}

std::string three_digits(double value) {
  return value < 1000.0 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
}

std::string giga(double rate) { return three_digits(rate / 1e9); }

void draw_axes(Svg& svg, const LogAxis& x, const LogAxis& y) {
  for (const double factor : {1.0, 2.0, 5.0}) {
    for (const double mark : x.marks(factor)) {
      svg.line(x.at(mark), kTop, x.at(mark), kBottom, kGrid);
      if (factor == 1.0) svg.text(x.at(mark), kBottom + 14, Axis::text(mark), {.anchor = "middle"});
    }
    for (const double mark : y.marks(factor)) {
      svg.line(kLeft, y.at(mark), kRight, y.at(mark), kGrid);
      if (factor == 1.0) svg.text(kLeft - 5, y.at(mark) + 4, Axis::text(mark / 1e9), {.anchor = "end"});
    }
  }
  svg.rect(kLeft, kTop, kRight - kLeft, kBottom - kTop, R"(fill="none" stroke="#888")");
  svg.text(8, kTop - 12, "GFLOP/s", {.size = 10});
  svg.text((kLeft + kRight) / 2, kBottom + 29, "FLOP per byte", {.anchor = "middle"});
}

// Both roofs with their rates written above them.
void draw_roofs(Svg& svg, const Roofline& roofline, const LogAxis& x, const LogAxis& y, Room& room) {
  const double start = std::max(x.low(), y.low() / roofline.copy_rate), ridge = roofline.ridge();
  const auto on_roof = [&](double intensity) { return Place{x.at(intensity), y.at(roofline.roof(intensity))}; };
  const Place begin = on_roof(start), corner = on_roof(ridge), end = on_roof(x.high());
  svg.polyline({{begin.x, begin.y}, {corner.x, corner.y}, {end.x, end.y}}, R"(stroke="#D55E00" stroke-width="2")");
  for (const auto& [from, to] : {std::pair{begin, corner}, std::pair{corner, end}})
    for (const Box& box : along(from, to)) room.take(box);
  // Left of their lines, where points are rare: above a roof.
  const auto write = [&](Place end, const std::string& text) {
    const double width = text_width(text, kNumberSize), right = std::max(end.x, kLeft + 4 + width);
    svg.text(right, end.y, text, {.size = kNumberSize, .anchor = "end", .color = "#A04000"});
    room.take({right - width, end.y - kNumberSize, right, end.y + 3});
  };
  write({corner.x, corner.y - 6}, fmt::format("product: {} GFLOP/s in fp32", giga(roofline.product_rate)));
  const Place middle = on_roof(std::sqrt(start * ridge));
  write({middle.x - 8, middle.y - 3}, fmt::format("copy: {} GB/s", giga(roofline.copy_rate)));
}

void draw_points(Svg& svg, const std::vector<Roofline::Point>& points, const LogAxis& x, const LogAxis& y, Room& room) {
  const auto place_of = [&](const Roofline::Point& point) { return Place{x.at(point.intensity()), y.at(point.flops)}; };
  for (const auto& point : points) room.take(Box::around(place_of(point), 2 * kRadius + 2, 2 * kRadius + 2));
  for (size_t i = 0; i < points.size(); ++i) {
    const Place place = place_of(points[i]);
    const std::string number = std::to_string(i + 1);
    const Place center = place_number(place, text_width(number, kNumberSize) + 1, room);
    const double distance = std::hypot(center.x - place.x, center.y - place.y), part = (distance - 8) / distance;
    if (distance > kNear + 4)
      svg.line(place.x, place.y, place.x + part * (center.x - place.x), place.y + part * (center.y - place.y),
               R"(stroke="#888" stroke-width="0.8")");
    svg.title(points[i].name);
    svg.circle(place.x, place.y, kRadius, R"(fill="#0072B2")");
    svg.text(center.x, center.y + 0.36 * kNumberSize, number, {.size = kNumberSize, .anchor = "middle"});
  }
}

void draw_table(Svg& svg, const Roofline& roofline, double top) {
  constexpr double kColumns[] = {kRight - 152, kRight - 84, kRight};
  constexpr const char* kHeads[] = {"FLOP per byte", "GFLOP/s", "% of the roof"};
  for (size_t i = 0; i < 3; ++i) svg.text(kColumns[i], top, kHeads[i], {.size = 10, .anchor = "end", .bold = true});
  for (size_t i = 0; i < roofline.points.size(); ++i) {
    const auto& point = roofline.points[i];
    const double base = top + kRow * static_cast<double>(i + 1);
    svg.text(24, base, std::to_string(i + 1), {.size = 10, .anchor = "end", .bold = true});
    svg.text(32, base, shortened(point.name, 40), {.size = 10});
    const std::string cells[] = {three_digits(point.intensity()), giga(point.flops),
                                 fmt::format("{:.0f}", 100.0 * point.flops / roofline.roof(point.intensity()))};
    for (size_t j = 0; j < 3; ++j) svg.text(kColumns[j], base, cells[j], {.size = 10, .anchor = "end"});
  }
}

}  // namespace

Svg roofline_chart(const Roofline& roofline) {
  double left = roofline.ridge() / 10, right = roofline.ridge() * 10;
  double low = roofline.product_rate / 10, high = roofline.product_rate;
  for (const auto& point : roofline.points) {
    left = std::min(left, point.intensity()), right = std::max(right, point.intensity());
    low = std::min(low, point.flops), high = std::max(high, point.flops);
  }
  const LogAxis x(left / 2, right * 2, kLeft, kRight), y(low / 2, high * 2, kBottom, kTop);  // room for texts
  const double table = kBottom + 54;
  Svg svg(kWidth, table + kRow * static_cast<double>(roofline.points.size()) + 10,
          fmt::format("Roofline of {}: {} benchmarks", roofline.device, roofline.points.size()));
  svg.text(8, 17, shortened(fmt::format("Roofline: {}", roofline.device), 52), {.size = 13, .bold = true});
  draw_axes(svg, x, y);
  Room room({kLeft + 1, kTop, kRight, kBottom - 1});
  draw_roofs(svg, roofline, x, y, room);
  draw_points(svg, roofline.points, x, y, room);
  draw_table(svg, roofline, table);
  return svg;
}

}  // namespace unmix
