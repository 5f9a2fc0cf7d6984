// The roofline: what is read from a benchmark's JSON, and where the drawing's SVG has roofs, points and numbers.
#include "report/roofline.h"

#include <cmath>
#include <regex>

#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Place {
  double x, y;
};

// Numbers of the SVG are written with two decimals.
constexpr double kRounding = 0.03;

void expect_at(Place place, Place expected) {
  EXPECT_NEAR(place.x, expected.x, kRounding);
  EXPECT_NEAR(place.y, expected.y, kRounding);
}

std::vector<std::smatch> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()};
}

Place place_of(const std::smatch& match) { return {std::stod(match[1]), std::stod(match[2])}; }

struct Drawing {
  std::vector<Place> roofs, points, numbers;  // the roofs: lower end, corner, right end

  explicit Drawing(const Roofline& roofline) {
    const std::string svg = roofline_chart(roofline).file_text();
    for (const auto& circle : matches(svg, R"re(<circle cx="([^"]+)" cy="([^"]+)")re"))
      points.push_back(place_of(circle));
    const std::string line = matches(svg, R"re(<polyline points="([^"]+)")re").at(0)[1];
    for (const auto& corner : matches(line, R"re(([^ ,]+),([^ ]+))re")) roofs.push_back(place_of(corner));
    for (const auto& number : matches(svg, R"re(<text x="([^"]+)" y="([^"]+)" font-size="10" text-anchor="middle")re"))
      numbers.push_back(place_of(number));
  }

  // By how much a place lies above the line from the lower end to the corner.
  double above_slope(Place place) const {
    const double part = (place.x - roofs[0].x) / (roofs[1].x - roofs[0].x);
    return roofs[0].y + part * (roofs[1].y - roofs[0].y) - place.y;
  }
};

Roofline::Point point_at(double intensity, double flops) { return {"point", flops, flops / intensity}; }

// 20 GB/s and 100 GFLOP/s meet at 5 FLOP per byte.
Roofline example(std::vector<Roofline::Point> points) {
  return {.device = "CPU", .copy_rate = 2e10, .product_rate = 1e11, .points = std::move(points)};
}

TEST(Roofline, PointsThatReachARoofLieOnIt) {
  const auto points = {point_at(5, 1e11), point_at(0.5, 1e10), point_at(50, 1e11), point_at(5, 1e10)};
  const Drawing drawing(example(points));
  ASSERT_EQ(drawing.points.size(), 4u);
  ASSERT_EQ(drawing.roofs.size(), 3u);
  const Place corner = drawing.roofs[1];
  const double decade = drawing.points[3].y - corner.y, wide = drawing.points[2].x - corner.x;
  EXPECT_GT(decade, 50);
  EXPECT_GT(wide, 50);
  expect_at(drawing.points[0], corner);
  expect_at(drawing.points[1], {corner.x - wide, corner.y + decade});  // a tenth of both
  expect_at(drawing.points[2], {corner.x + wide, corner.y});
  expect_at(drawing.points[3], {corner.x, corner.y + decade});
  EXPECT_NEAR(drawing.above_slope(drawing.points[1]), 0.0, kRounding);
  EXPECT_NEAR(drawing.roofs[2].y, corner.y, kRounding);
}

// What the test above must be able to see.
TEST(Roofline, TwoPercentAreSeen) {
  Roofline roofline = example({point_at(0.5, 1e10), point_at(50, 1e11)});
  roofline.copy_rate *= 1.02;
  const Drawing slower(roofline);
  EXPECT_LT(slower.above_slope(slower.points[0]), -10 * kRounding);
  roofline.product_rate *= 0.98;
  const Drawing faster(roofline);
  EXPECT_GT(faster.roofs[1].y - faster.points[1].y, 10 * kRounding);
}

TEST(Roofline, NumbersLieNeitherOnEachOtherNorOnPoints) {
  std::vector<Roofline::Point> points;
  for (int i = 0; i < 30; ++i) points.push_back(point_at(100.0 + 10 * (i % 3), 8e10));
  const Drawing drawing(example(points));
  ASSERT_EQ(drawing.numbers.size(), 30u);
  for (size_t i = 0; i < 30; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Place a = drawing.numbers[i], b = drawing.numbers[j];
      const double width = 3.2 * static_cast<double>((i < 9 ? 1 : 2) + (j < 9 ? 1 : 2));  // of half of both
      EXPECT_TRUE(std::abs(a.x - b.x) > width || std::abs(a.y - b.y) > 8) << i + 1 << " on " << j + 1;
    }
    for (const Place point : drawing.points)
      EXPECT_GT(std::hypot(drawing.numbers[i].x - point.x, drawing.numbers[i].y - 3.6 - point.y), 6) << i + 1;
  }
}

class RooflineFile : public ::testing::Test {
 protected:
  Roofline read(const std::string& json, const std::string& device = "cpu") const {
    write_file(folder_ / "bench.json", json);
    return read_roofline(folder_ / "bench.json", device);
  }

  TemporaryFolder folder_;
  const std::string rates_ = R"("context": {"cpu device": "CPU, 2 threads", "cpu copy rate, bytes/s": "2e+10",
    "cpu product rate in fp32, FLOP/s": "1.5e+11"})";
};

TEST_F(RooflineFile, HoldsRatesAndThePointsOfADevice) {
  const std::string bench = fmt::format(R"({{{}, "benchmarks": [
    {{"run_name": "gemm/cpu/m:4/n:5/real_time", "run_type": "iteration", "FLOP/s": 9e10, "bytes/s": 3e9}},
    {{"run_name": "gemm/cuda/m:4/n:5/real_time", "run_type": "iteration", "FLOP/s": 4e13, "bytes/s": 3e9}},
    {{"run_name": "sum/cpu/real_time", "run_type": "iteration", "FLOP/s": 1e9, "bytes/s": 4e9}},
    {{"run_name": "sum/cpu/real_time", "run_type": "aggregate", "aggregate_name": "mean", "FLOP/s": 3e9, "bytes/s": 1}},
    {{"run_name": "sum/cpu/real_time", "run_type": "aggregate", "aggregate_name": "median", "FLOP/s": 2e9,
      "bytes/s": 8e9}},
    {{"run_name": "training_step/PSA/cpu/real_time", "run_type": "iteration", "FLOP/s": 5e10}}]}})",
                                        rates_);
  for (const std::string& json : {bench, fmt::format(R"({{"device": "", "benchmarks": {}}})", bench)}) {
    const Roofline roofline = read(json);
    EXPECT_EQ(roofline.device, "CPU, 2 threads");
    EXPECT_EQ(roofline.copy_rate, 2e10);
    EXPECT_EQ(roofline.product_rate, 1.5e11);
    ASSERT_EQ(roofline.points.size(), 2u);
    EXPECT_EQ(roofline.points[0].name, "gemm m:4 n:5");
    EXPECT_EQ(roofline.points[0].flops, 9e10);
    EXPECT_EQ(roofline.points[0].intensity(), 30.0);
    EXPECT_EQ(roofline.points[1].name, "sum");
    EXPECT_EQ(roofline.points[1].flops, 2e9);
    EXPECT_EQ(roofline.points[1].bytes, 8e9);
    EXPECT_THAT(roofline.left_out, ElementsAre("training_step PSA"));
  }
}

TEST_F(RooflineFile, ThatIsNoneIsOneLine) {
  EXPECT_THAT(error_of([&] { read_roofline(folder_ / "none.json", "cpu"); }), HasSubstr("none.json"));
  EXPECT_THAT(error_of([&] { read("{\"context\": []}"); }), HasSubstr("bench.json is not what unmix_bench writes"));
  EXPECT_THAT(error_of([&] { read("{\"context\": {}, \"benchmarks\": 3}"); }),
              HasSubstr("bench.json is not what unmix_bench writes"));
  EXPECT_THAT(error_of([&] { read("{}"); }), HasSubstr("bench.json holds no \"cpu copy rate, bytes/s\""));
  EXPECT_THAT(error_of([&] { read(fmt::format("{{{}}}", rates_), "cuda"); }),
              HasSubstr("holds no \"cuda copy rate, bytes/s\""));
  EXPECT_THAT(error_of([&] { read(R"({"context": {"cpu copy rate, bytes/s": "0"}})"); }),
              HasSubstr("holds no \"cpu copy"));
  for (const char* entries :
       {"[]", "[3, null, \"gemm/cpu/\"]", R"([{"run_name": "add/cpu/real_time", "FLOP/s": "9"}])"})
    EXPECT_THAT(error_of([&] { read(fmt::format("{{{}, \"benchmarks\": {}}}", rates_, entries)); }),
                HasSubstr("holds no benchmark of cpu that states its FLOP and bytes"));
}

}  // namespace
}  // namespace unmix
