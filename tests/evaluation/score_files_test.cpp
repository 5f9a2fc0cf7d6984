// Tracks scored by museval's rules, its files read and written, and the published table of Open-Unmix from SiSEC's
// data.
#include "evaluation/score_files.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <map>
#include <random>

#include "base/file.h"
#include "evaluation/aggregate.h"
#include "evaluation/evaluate_songs.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/bss_signals.h"
#include "tests/support/paths.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::filesystem::path kGolden = golden_path("bss_eval/track.json");

// The made-up track of the golden: five targets, one of them silent for a while.
struct MadeTrack {
  NamedAudio references, estimates;
};

MadeTrack made_track() {
  const BssCase signals = bss_signals(4, 2, 20000, "silent");
  MadeTrack track;
  const char* const names[] = {"vocals", "drums", "bass", "other"};
  for (size_t i = 0; i < 4; ++i) {
    track.references.emplace_back(names[i], signals.references[i]);
    track.estimates.emplace_back(names[i], signals.estimates[i]);
  }
  const std::vector<std::string> others = {"drums", "bass", "other"};
  track.references.emplace_back("accompaniment", sum_of(track.references, others));
  track.estimates.emplace_back("accompaniment", sum_of(track.estimates, others));
  return track;
}

std::vector<std::string> names_of(const TrackEvaluation& scores) {
  std::vector<std::string> names;
  for (const TargetEvaluation& target : scores.targets) names.push_back(target.name);
  return names;
}

void expect_equal_scores(const TrackEvaluation& actual, const TrackEvaluation& expected, double tolerance) {
  ASSERT_EQ(names_of(actual), names_of(expected));
  for (size_t i = 0; i < expected.targets.size(); ++i) {
    const auto &frames = actual.targets[i].frames, &wanted = expected.targets[i].frames;
    ASSERT_EQ(frames.size(), wanted.size());
    for (size_t t = 0; t < frames.size(); ++t)
      for (size_t m = 0; m < 4; ++m) {
        const std::string place = fmt::format("{} of {} at {}", bss_metrics[m], expected.targets[i].name, t);
        EXPECT_EQ(std::isnan(frames[t][m]), std::isnan(wanted[t][m])) << place;
        if (std::isnan(wanted[t][m])) continue;
        EXPECT_NEAR(frames[t][m], wanted[t][m], tolerance) << place;
      }
  }
}

TEST(TrackEvaluation, FiveTargetsAsMusevalScoresThem) {
  const MadeTrack track = made_track();
  const TrackEvaluation scores =
      evaluate_track("track", track.references, track.estimates, {.window = 0.5, .hop = 0.25, .threads = 2});
  EXPECT_THAT(names_of(scores), ElementsAre("drums", "bass", "other", "vocals", "accompaniment"));
  expect_equal_scores(scores, read_scores(kGolden).scores, tolerance::kBssWritten);
}

TEST(TrackEvaluation, SilentTargetsAreLeftOutAndNamed) {
  MadeTrack track = made_track();
  track.references.pop_back();
  track.estimates.pop_back();
  std::ranges::fill(track.references[2].second.samples, 0.0f);
  const EvaluationOptions options{.window = 0.5, .hop = 0.5};
  const TrackEvaluation scores = evaluate_track("track", track.references, track.estimates, options);
  EXPECT_THAT(scores.notes, ElementsAre("bass is left out: its reference is silent throughout"));
  EXPECT_THAT(names_of(scores), ElementsAre("vocals", "drums", "other"));
  for (auto& reference : track.references) std::ranges::fill(reference.second.samples, 0.0f);
  EXPECT_THAT(error_of([&] { evaluate_track("track", track.references, track.estimates, options); }),
              HasSubstr("no estimate of a target can be scored: vocals is left out"));
}

TEST(TrackEvaluation, OneTargetHasNoSir) {
  const MadeTrack track = made_track();
  const TrackEvaluation scores = evaluate_track("track", track.references, {track.estimates[0]}, {.window = 0});
  ASSERT_EQ(scores.targets.size(), 1u);
  EXPECT_TRUE(std::isnan(scores.targets[0].frames[0][2]));
  EXPECT_TRUE(std::isfinite(scores.targets[0].frames[0][0]));
  EXPECT_EQ(scores.notes.size(), 1u);
}

TEST(TrackEvaluation, OtherFormsAreRefused) {
  MadeTrack track = made_track();
  track.estimates[1].second.sample_rate = 44100;
  EXPECT_THAT(error_of([&] { evaluate_track("track", track.references, track.estimates, {}); }),
              HasSubstr("drums: the estimate (44100 Hz, 2 channels) and the reference (8000 Hz, 2 channels) differ"));
}

TEST(ScoreFiles, AreWrittenAsMusevalWritesThem) {
  const TrackEvaluation scores = read_scores(kGolden).scores;
  const std::string written = scores_json(scores, {{"mode", "v4"}}), expected = read_file(kGolden);
  const size_t version = expected.find("\"museval_version\"");
  ASSERT_NE(version, std::string::npos);
  EXPECT_EQ(written.substr(0, version), expected.substr(0, version));
  EXPECT_THAT(written, HasSubstr("\"unmix\": {\"mode\":\"v4\"}"));
}

TEST(ScoreFiles, AreReadBack) {
  const TemporaryFolder folder;
  const TrackEvaluation scores{"a", 1.0, 0.5, {{"vocals", {{1.5, NAN, HUGE_VAL, -2.25}, {0, 1, 2, 3}}}}, {}};
  write_file(folder / "a.json", scores_json(scores, {{"mode", "v3"}}));
  const ScoreFile file = read_scores(folder / "a.json");
  ASSERT_TRUE(file.settings.has_value());
  EXPECT_EQ(*file.settings, (nlohmann::ordered_json{{"mode", "v3"}}));
  EXPECT_EQ(file.scores.track, "a");
  EXPECT_EQ(file.scores.hop, 0.5);
  const BssScores& frame = file.scores.targets[0].frames[0];
  EXPECT_EQ(frame[0], 1.5);
  EXPECT_TRUE(std::isnan(frame[1]));
  EXPECT_TRUE(std::isnan(frame[2]));  // infinite when it was written
  EXPECT_THAT(scores_csv({file.scores}),
              StartsWith("track,target,metric,time,score\na,vocals,SDR,0,1.50000\na,vocals,SIR,0,\n"));
}

TEST(ScoreFiles, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  for (const char* text : {"{", "[]", "{\"targets\": 3}", "{\"targets\": [{\"name\": \"vocals\"}]}",
                           "{\"targets\": [{\"name\": \"vocals\", \"frames\": [{\"time\": NaN}]}]}"}) {
    write_file(folder / "x.json", text);
    EXPECT_THAT(error_of([&] { read_scores(folder / "x.json"); }), HasSubstr("is no file of museval's scores")) << text;
  }
  write_file(folder / "x.json", "{\"targets\": []}");  // SiSEC's files say no version
  EXPECT_TRUE(read_scores(folder / "x.json").scores.targets.empty());
}

TEST(ScoreFiles, CommasInNamesAreQuoted) {
  const std::string csv = scores_csv({{"A, \"B\"", 1, 1, {{"vocals", {{1, 2, 3, 4}}}}, {}}});
  EXPECT_THAT(csv, HasSubstr("\"A, \"\"B\"\"\",vocals,SDR,0,1.00000\n"));
}

TEST(Aggregate, EveryOrder) {
  const std::vector<std::vector<double>> frames = {{1, 2, 9}, {NAN, 4, 5, 30}, {NAN}};
  const std::map<std::string, double> expected = {{"median-of-medians", 3.5}, {"mean-of-medians", 3.5},
                                                  {"median-of-means", 8.5},   {"mean-of-means", 8.5},
                                                  {"pooled-median", 4.5},     {"pooled-mean", 8.5}};
  for (const auto& [name, value] : expected)
    EXPECT_DOUBLE_EQ(aggregate(frames, choose("average", name, aggregation_names)), value) << name;
  EXPECT_TRUE(std::isnan(aggregate({{NAN}, {}}, Aggregation::pooled_mean)));
  EXPECT_THAT(error_of([] { choose("average", "median", aggregation_names); }),
              HasSubstr("median-of-medians, mean-of-medians"));
}

TEST(Aggregate, TablesHaveARowForEachTarget) {
  const TrackEvaluation first{"a", 1, 1, {{"vocals", {{1, 2, HUGE_VAL, 4}, {3, 4, 5, 6}}}}, {}};
  const TrackEvaluation second{"b", 1, 1, {{"vocals", {{6, 6, 6, 6}}}, {"drums", {{1, 1, NAN, 1}}}}, {}};
  const std::vector<ScoreRow> rows = score_table({first, second}, Aggregation::median_of_medians);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].scores, (std::array<double, 4>{4, 4.5, 5.5, 5.5}));
  EXPECT_EQ(rows[0].tracks, 2u);
  EXPECT_THAT(format_table(rows), HasSubstr("drums                1.000     1.000         -     1.000       1"));
}

// Median over tracks of the medians over frames gives 15 of Open-Unmix's 16 published figures; the bass's ISR was
// published as 9.23.
TEST(Aggregate, OpenUnmixAsPublished) {
  const std::filesystem::path file = shared_data() / "sisec2018-track-medians.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "needs " << file;
  std::map<std::string, std::array<std::vector<std::vector<double>>, 4>> scores;  // [target][metric][track]
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("UMX,")) continue;
    std::vector<std::string> fields;  // the last four hold no comma, a track's name may
    for (size_t at; fields.size() < 5 && (at = line.rfind(',')) != std::string::npos; line.resize(at))
      fields.push_back(line.substr(at + 1));
    for (size_t m = 0; m < 4; ++m)
      scores[fields[4]][m].push_back({fields[3 - m].empty() ? NAN : std::stod(fields[3 - m])});
  }
  const std::map<std::string, std::array<double, 4>> published = {// SDR, SIR, ISR, SAR
                                                                  {"vocals", {6.32, 13.33, 11.93, 6.52}},
                                                                  {"drums", {5.73, 11.12, 10.51, 6.02}},
                                                                  {"bass", {5.23, 10.93, 9.27, 6.34}},
                                                                  {"other", {4.02, 6.59, 9.31, 4.74}}};
  for (const auto& [target, figures] : published)
    for (size_t m = 0; m < 4; ++m) {
      ASSERT_EQ(scores[target][m].size(), 50u);
      EXPECT_NEAR(aggregate(scores[target][m], Aggregation::median_of_medians), figures[m], 0.01) << target << m;
    }
  // Negative control: another order is decibels away.
  EXPECT_GT(std::abs(aggregate(scores["vocals"][0], Aggregation::mean_of_medians) - 6.32), 0.5);
}

// NumPy's random numbers of seed 0 as estimates of a real track, scored by museval with another decoder.
TEST(TrackEvaluation, ARealTrackWithRandomEstimates) {
  const std::filesystem::path folder = shared_data() / "musdb-sample";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs " << folder;
  const std::string name = "Music Delta - 80s Rock";
  const NamedAudio parts = read_song({name, folder / "train" / (name + ".stem.mp4")});
  NamedAudio references = {parts[1]};
  references.emplace_back("accompaniment", sum_of(parts, {"drums", "bass", "other"}));
  std::mt19937 random(0);
  NamedAudio estimates;
  for (const char* target : {"vocals", "accompaniment"}) {
    Audio audio = parts[0].second;
    for (size_t t = 0; t < static_cast<size_t>(audio.frames()); ++t)
      for (int c = 0; c < audio.channels; ++c) {
        const double high = random() >> 5, low = random() >> 6;
        audio.channel(c)[t] = static_cast<float>((high * 67108864 + low) / 9007199254740992.0);
      }
    estimates.emplace_back(target, std::move(audio));
  }
  const TrackEvaluation scores = evaluate_track(name, references, estimates, {.threads = 2});
  expect_equal_scores(scores, read_scores(folder / (name + ".random-estimates.json")).scores, tolerance::kBssWritten);
}

}  // namespace
}  // namespace unmix::test
