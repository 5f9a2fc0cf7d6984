#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "evaluation/statistics.h"
#include "report/charts.h"
#include "report/examples.h"
#include "report/page.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMuseval =
    "Scores of museval (BSSEval v4), in dB: the median over the tracks of each track's median over its frames.";
constexpr const char* kWholeFile =
    "SDR over whole tracks, 10 log10(sum y² / sum (y − e)²), the mean over tracks, in dB. These are not museval's "
    "ratios and cannot be compared with them.";

std::string file_name(const std::string& text) {
  std::string name;
  for (const char c : text) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return name;
}

class Writer {
 public:
  explicit Writer(const ReportOptions& options)
      : options_(options),
        page_("Source separation: scores, training, examples"),
        published_(options.sisec.empty() ? std::vector<Method>{} : read_published(options.sisec)),
        table_(options.published ? published_table() : std::vector<TableRow>{}),
        material_(read_material(options.folders, published_)) {
    if (!options.study.empty()) std::ranges::copy(read_table(options.study), std::back_inserter(table_));
    check(!material_.empty(), "report", "nothing to report: {}", fmt::join(material_.problems, "; "));
  }

  WrittenReport write() {
    make_folder("report", options_.output / "charts");
    for (const Measure measure : {Measure::museval, Measure::whole_file}) add_scores(measure);
    add_significance();
    add_training();
    add_examples();
    add_problems();
    write_file(options_.output / "scores.csv", csv(full_table(material_.methods)));
    write_file(options_.output / "tracks.csv", csv(track_table(material_.methods)));
    write_file(options_.output / "report.md", to_utf8(markdown_));
    write_file(options_.output / "index.html", page_.text());
    return {options_.output / "index.html", std::move(material_.problems)};
  }

 private:
  void section(const std::string& heading, const std::string& text) {
    page_.section(heading);
    page_.paragraph(text);
    markdown_ += fmt::format("{}## {}\n\n{}\n", markdown_.empty() ? "" : "\n", heading, text);
  }

  void table(const Table& table) {
    page_.table(table);
    markdown_ += fmt::format("\n{}", markdown(table));
  }

  void charts(const std::vector<std::pair<std::string, Svg>>& named) {
    std::vector<Svg> drawings;
    for (const auto& [name, svg] : named) {
      write_drawing(options_.output / "charts" / name, svg);
      drawings.push_back(svg);
    }
    page_.charts(drawings);
  }

  void add_scores(Measure measure) {
    const bool museval = measure == Measure::museval;
    const std::vector<TableRow> table_rows = museval ? table_ : std::vector<TableRow>{};
    std::vector<Method> methods;
    for (const Method& method : material_.methods)
      if (method.measure == measure) methods.push_back(method);
    if (methods.empty() && table_rows.empty()) return;
    section(museval ? "Scores of museval" : "SDR over whole files", museval ? kMuseval : kWholeFile);
    table(summary_table(methods, measure, table_rows));
    if (!methods.empty()) page_.folded("All ratios of each method and target", full_table(methods));
    std::vector<std::pair<std::string, Svg>> plots;
    for (const std::string& target : targets_of(methods, table_rows))
      plots.emplace_back(file_name(fmt::format("sdr-{}-{}", museval ? "museval" : "file", target)),
                         box_plot(target, "SDR, dB", rows_of(methods, table_rows, target)));
    page_.subsection("SDR over the tracks");
    page_.paragraph(
        "By falling median. Box and line: quartiles and median over the tracks; whiskers: the last values within 1.5 "
        "box lengths; circles: values beyond them, as far as the axis reaches. With fewer than five tracks, each track "
        "is a "
        "dot.");
    charts(plots);
  }

  static std::vector<BoxRow> rows_of(const std::vector<Method>& methods, const std::vector<TableRow>& table,
                                     const std::string& target) {
    std::vector<BoxRow> rows;
    for (const Method& method : methods) rows.push_back({method.name, method.origin, method.values(target)});
    for (const TableRow& row : table)
      if (const auto sdr = row.sdr.find(target); sdr != row.sdr.end() && !std::isnan(sdr->second))
        rows.push_back({row.label(), Origin::published, {sdr->second}, true});
    return rows;
  }

  void add_significance() {
    std::vector<Comparison> all = comparisons(material_.methods);
    write_file(options_.output / "significance.csv", csv(pair_table(all)));
    std::erase_if(all, [](const Comparison& comparison) { return !can_differ(comparison); });
    if (all.empty()) return;
    const bool several = std::ranges::any_of(all, [](const Comparison& c) { return c.all.has_value(); });
    section("Which methods differ",
            std::string(several ? "Friedman's test asks whether the methods differ at all, over the tracks that all of "
                                  "them have. "
                                : "") +
                "Each pair is compared by Wilcoxon's signed-rank test on the SDR of the tracks that both have, "
                "two-sided, corrected after Holm over all pairs of a target; significance.csv has every pair.");
    table(several ? friedman_table(all) : pair_table(all));
    if (!several) return;
    std::vector<std::pair<std::string, Svg>> plots;
    for (const Comparison& c : all)
      plots.emplace_back(
          file_name(fmt::format("differences-{}-{}", c.measure == Measure::museval ? "museval" : "file", c.target)),
          difference_chart(c.target + ", SDR", c.names, differences_of(c)));
    charts(plots);
  }

  static std::vector<std::vector<Difference>> differences_of(const Comparison& comparison) {
    std::vector<std::vector<Difference>> below(comparison.names.size());
    for (size_t i = 0; i < below.size(); ++i) below[i].assign(i, Difference::untested);
    for (const Pair& pair : comparison.pairs)
      below[pair.b][pair.a] = pair.corrected < kSignificant ? Difference::shown : Difference::not_shown;
    return below;
  }

  void add_training() {
    if (material_.curves.empty()) return;
    section("Training",
            "Training loss: the mean over an epoch, taken while the weights change; validation after it. Losses of "
            "different kinds have different scales.");
    std::vector<std::pair<std::string, Svg>> plots;
    Table times{{"run", "epochs", "best epoch", "best validation loss", "s per epoch", "s per step", "device"}, {}};
    std::vector<Bar> bars;
    const bool steps = std::all_of(material_.curves.begin(), material_.curves.end(),
                                   [](const Curve& c) { return c.steps_per_epoch > 0.0; });
    for (const Curve& curve : material_.curves) {
      plots.emplace_back(file_name(fmt::format("training-{:02}-{}", plots.size() + 1, curve.name)), curve_chart(curve));
      const double epoch = median(curve.seconds), step = epoch / curve.steps_per_epoch;
      const bool best = curve.best_epoch >= 1 && static_cast<size_t>(curve.best_epoch) <= curve.valid.size();
      times.add({curve.name, fmt::format("{}", curve.train.size()), best ? fmt::format("{}", curve.best_epoch) : "",
                 best ? fmt::format("{:.5g}", curve.valid[static_cast<size_t>(curve.best_epoch) - 1]) : "",
                 std::isnan(epoch) ? "" : fmt::format("{:.3g}", epoch),
                 std::isfinite(step) ? fmt::format("{:.3g}", step) : "", curve.device});
      if (!std::isnan(epoch)) bars.push_back({curve.name, steps ? step : epoch});
    }
    table(times);
    charts(plots);
    if (bars.size() < 2) return;
    page_.subsection("Time");
    page_.paragraph("The median over the epochs, without validation. Runs that worked side by side slowed each other.");
    charts({{"times", bar_chart(steps ? "Time of a training step" : "Time of an epoch", "s", bars)}});
  }

  void add_examples() {
    if (material_.examples.empty()) return;
    make_folder("report", options_.output / "examples");
    const std::vector<ExampleSong> songs = write_examples(options_.output / "examples", material_);
    if (songs.empty()) return;
    page_.section("Examples");
    page_.paragraph(
        "Spectrograms on a mel axis, in dB below the loudest point of each picture, and the same excerpts to "
        "listen to.");
    for (const ExampleSong& song : songs) {
      page_.subsection(song.track);
      page_.paragraph(fmt::format("{:.1f} s from {:.1f} s on.", song.duration, song.start));
      page_.begin_figures();
      for (const Exhibit& exhibit : song.exhibits) {
        page_.picture(exhibit.picture, fmt::format("Spectrograms, {}: {}", song.track, exhibit.title));
        for (const Player& player : exhibit.players) page_.player(player.label, player.file);
        page_.end_figure();
      }
      page_.end_figures();
    }
  }

  void add_problems() {
    if (material_.problems.empty()) return;
    section("Left out", "What could not be used:");
    page_.list(material_.problems);
    for (const std::string& problem : material_.problems) markdown_ += fmt::format("* {}\n", problem);
  }

  const ReportOptions& options_;
  Page page_;
  std::string markdown_;
  std::vector<Method> published_;
  std::vector<TableRow> table_;
  Material material_;
};

}  // namespace

WrittenReport write_report(const ReportOptions& options) {
  std::error_code missing;
  for (const fs::path& folder : options.folders)
    if (fs::equivalent(options.output, folder, missing))
      throw ArgumentError(fmt::format("output {}: the report would be written over what it reads; give another folder",
                                      options.output.string()));
  return Writer(options).write();
}

}  // namespace unmix
