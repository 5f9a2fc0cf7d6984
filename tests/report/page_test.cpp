// The report's drawings, tables and page: what stands in them, and that names cannot break them.
#include <gmock/gmock.h>

#include <cmath>
#include <regex>

#include "base/file.h"
#include "report/charts.h"
#include "report/page.h"
#include "report/tables.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kNasty = "a<b> & \"c\" 'd' é|";

// Opening and closing tags in balance, nothing bare in between; of HTML the elements that have no end are passed over.
bool well_formed(const std::string& text) {
  static const std::regex token(
      R"re(<(/?)([A-Za-z0-9]+)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(/?)>|<[!?][^>]*>|[<]|&(?!(?:amp|lt|gt|quot);))re");
  std::vector<std::string> open;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), token); it != std::sregex_iterator(); ++it) {
    const std::string name = (*it)[2];
    if (it->str() == "<" || it->str() == "&") return false;
    if (name.empty() || name == "meta" || name == "img" || (*it)[4] == "/") continue;
    if ((*it)[1] == "/") {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    } else {
      open.push_back(name);
    }
  }
  return open.empty();
}

std::vector<BoxRow> some_rows() {
  return {{"low", Origin::published, {1.0, 2.0, 3.0, 2.0, 1.5, 20.0}},
          {kNasty, Origin::ours, {5.0, 6.0, 7.0, 40.0}},
          {"ideal", Origin::reference, {8.0, 9.0}},
          {"row (study)", Origin::published, {4.25}, true},
          {"nothing", Origin::ours, {}}};
}

TEST(ReportCharts, BoxesStandByFallingMedian) {
  const std::string svg = box_plot("vocals", "SDR, dB", some_rows()).inline_text();
  EXPECT_TRUE(well_formed(svg));
  EXPECT_THAT(svg, HasSubstr("low: median 2.00 dB over 6 tracks"));
  EXPECT_THAT(svg, HasSubstr("row (study): 4.25 dB"));
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt; &amp; &quot;c&quot; 'd' é|: median 6.50 dB over 4 tracks"));
  EXPECT_LT(svg.find("ideal: median"), svg.find("a&lt;b&gt;"));
  EXPECT_LT(svg.find("a&lt;b&gt;"), svg.find(">low<"));
  EXPECT_THAT(svg, Not(HasSubstr("nothing")));
}

TEST(ReportCharts, EveryChartIsDrawnToo) {
  const TemporaryFolder folder;
  Curve curve;
  curve.name = kNasty;
  curve.train = {3.0, 2.0, std::nan(""), 1.0};
  curve.valid = {3.5, 2.5, 2.25, 2.375};
  curve.best_epoch = 3;
  Curve one = curve;
  one.train = one.valid = {1.0};
  one.best_epoch = 7;  // a record that contradicts itself is drawn without the mark
  using enum Difference;
  const std::vector<std::pair<std::string, Svg>> charts = {
      {"box", box_plot(kNasty, "SDR, dB", some_rows())},
      {"none", box_plot("no row", "SDR, dB", {})},
      {"curve", curve_chart(curve)},
      {"one", curve_chart(one)},
      {"bars", bar_chart("times", "s", {{kNasty, 1.5}, {"b", 0.25}})},
      {"pairs", difference_chart("vocals", {kNasty, "b", "c"}, {{}, {shown}, {not_shown, untested}})}};
  for (const auto& [name, svg] : charts) {
    EXPECT_TRUE(well_formed(svg.inline_text())) << name;
    write_drawing(folder / name, svg, 1.0);  // throws where librsvg finds no SVG
    EXPECT_GT(std::filesystem::file_size((folder / name).string() + ".png"), 500u) << name;
  }
  EXPECT_THAT(charts[2].second.inline_text(), HasSubstr("best 2.25, epoch 3"));
  EXPECT_THAT(charts[3].second.inline_text(), Not(HasSubstr(">best")));
  EXPECT_THAT(charts[4].second.inline_text(), HasSubstr(">0.25<"));
}

TEST(ReportCharts, LongNamesAreShortened) {
  EXPECT_EQ(shortened("éééé", 4), "éééé");
  EXPECT_EQ(shortened("ééééé", 4), "ééé…");
  EXPECT_EQ(escaped("a\x01z"), "a z");
}

// Negative controls of this file's own checks.
TEST(ReportCharts, WhatIsNotWellFormedIsSeen) {
  EXPECT_FALSE(well_formed("<g><rect/></svg>"));
  EXPECT_FALSE(well_formed("<g>a & b</g>"));
  EXPECT_FALSE(well_formed("<g>a < b</g>"));
  const TemporaryFolder folder;
  Svg broken(10, 10, "broken");
  broken.rect(0, 0, 5, 5, "fill=\"red");
  EXPECT_THAT(error_of([&] { write_drawing(folder / "broken", broken); }), HasSubstr("the drawing"));
}

Table some_table() {
  Table table{{"method", "SDR"}, {}};
  table.add({kNasty, "1.50"}, true);
  table.add({"plain, with comma", "-2.00"});
  return table;
}

TEST(ReportTables, AreMarkdownCsvAndHtml) {
  EXPECT_EQ(markdown(some_table()),
            "| method | SDR |\n|---|---:|\n| **a<b> & \"c\" 'd' é\\|** | 1.50 |\n| plain, with comma | -2.00 |\n");
  EXPECT_EQ(csv(some_table()), "method,SDR\n\"a<b> & \"\"c\"\" 'd' é|\",1.50\n\"plain, with comma\",-2.00\n");
  const std::string page = html(some_table());
  EXPECT_TRUE(well_formed(page));
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\" class=\"number\">SDR</th>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">a&lt;b&gt; &amp; &quot;c&quot; 'd' é|</th>"));
}

TEST(ReportTables, TracksThatOneMethodLacksAreCounted) {
  const double none = std::nan("");
  Method method{"m", Origin::ours, Measure::museval, "m"};
  method.scores["vocals"] = {{"a", {1, 2, 3, 4}}, {"b", {3, 2, 3, 4}}, {"c", {none, none, none, none}}};
  method.scores["drums"] = {{"a", {5, 2, 3, 4}}};
  const Table table = summary_table({method}, Measure::museval, {{"L", "study", {{"vocals", 7.0}}}});
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"L (study)", "", "7.00", ""}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"m", "1-2", "2.00", "5.00"}));
}

TEST(ReportPage, IsWholeByItself) {
  const TemporaryFolder folder;
  write_file(folder / "a.png", "\x89PNG");
  write_file(folder / "a.mp3", "sound");
  Page page("Title <1>");
  page.section(kNasty);
  page.paragraph("5 < 6");
  page.list({"one & two"});
  page.table(some_table());
  page.folded("more", some_table());
  page.charts({box_plot("vocals", "SDR, dB", some_rows())});
  page.begin_figures();
  page.picture(folder / "a.png", kNasty);
  page.player("vocals", folder / "a.mp3");
  page.end_figure();
  page.end_figures();
  const std::string text = page.text();
  const size_t body = text.find("<body>");
  ASSERT_NE(body, std::string::npos);
  EXPECT_TRUE(well_formed(text.substr(body, text.find("</html>") - body)));
  EXPECT_THAT(text, Not(HasSubstr("http")));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, HasSubstr("src=\"data:image/png;base64,iVBORw==\""));
  EXPECT_THAT(text, HasSubstr("src=\"data:audio/mpeg;base64,c291bmQ=\""));
  EXPECT_THAT(text, HasSubstr("<title>Title &lt;1&gt;</title>"));
  EXPECT_THAT(text, HasSubstr("width=device-width"));
}

}  // namespace
}  // namespace unmix
