// `unmix report` as a user runs it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "evaluation/statistics.h"
#include "report/material.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Report : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, text);
  }
  // museval's JSON of two targets, three frames each, one without a value.
  void write_track(const std::string& name, double sdr) const {
    std::string targets;
    for (const char* target : {"vocals", "drums"}) {
      std::string frames;
      for (const std::string& value : {fmt::format("{}", sdr - 1), fmt::format("{}", sdr + 1), std::string("NaN")})
        frames += fmt::format(
            R"({}{{"time": 0.0, "duration": 1.0, "metrics": {{"SDR": {}, "SIR": 9.5, "SAR": -Infinity, "ISR": NaN}}}})",
            frames.empty() ? "" : ", ", value);
      targets += fmt::format(R"({}{{"name": "{}", "frames": [{}]}})", targets.empty() ? "" : ", ", target, frames);
    }
    write(name, fmt::format(R"({{"targets": [{}], "museval_version": "0.4.1"}})", targets));
  }
  void write_run(const std::string& name, double sdr) const {
    nlohmann::json record{{"title", name},
                          {"best_epoch", 2},
                          {"device", "cpu"},
                          {"train_loss_history", {3.0, 2.0}},
                          {"valid_loss_history", {3.5, 2.5}},
                          {"train_time_history", {4.0, 6.0}},
                          {"steps_per_epoch", 10}};
    for (const char* track : {"a", "b"}) record["scores"][track]["vocals"] = {{"SDR", sdr}, {"SDR_mixture", -5.0}};
    write(fmt::format("study/{}/result.json", name), record.dump());
  }
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "report");
    return run_program(arguments, folder_.path());
  }
  std::string text(const std::string& name) const { return read_file(folder_ / name); }

  TemporaryFolder folder_;
};

TEST_F(Report, OfEvaluationsHasTablesChartsAndAPage) {
  write_track("mine/test/a.json", 4);
  write_track("mine/test/b.json", 6);
  write_track("other/test/a.json", 1);
  write("sisec.csv",
        "method,track,target,SDR,SIR,ISR,SAR\nTAK9,a,vocals,8,1,2,3\nTAK9,b,vocals,9,1,2,\nIRM1,a,vocals,10,1,2,3\n"
        "IRM1,b,vocals,11,1,2,3\n");
  write("study.csv", "loss,vocals,drums,mean\nL2freq,6.4,5.86,6.1\n");
  const auto result = run({"mine", "other", "--output", "out", "--sisec", "sisec.csv", "--study", "study.csv"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "out/index.html\n");
  EXPECT_EQ(result.errors, "");
  const std::string report = text("out/report.md");
  EXPECT_THAT(report, HasSubstr("| IRM1 | 2 | 10.50 |  |\n| TAK9 | 2 | 8.50 |  |\n| L2freq (study) |  | 6.40 | 5.86 |\n"
                                "| **mine** | 2 | 5.00 | 5.00 |\n| **other** | 1 | 1.00 | 1.00 |\n"));
  EXPECT_THAT(text("out/scores.csv"), HasSubstr("mine,ours,museval,vocals,2,5.00,9.50,,,4.50,5.50,5.00\n"));
  EXPECT_THAT(text("out/tracks.csv"), AllOf(HasSubstr("mine,b,vocals,6.00000,9.50000,,\n"), Not(HasSubstr("TAK9"))));
  EXPECT_THAT(text("out/significance.csv"), HasSubstr("museval,vocals,TAK9,mine,2,3.50,0,0.5,1\n"));
  EXPECT_THAT(report, Not(HasSubstr("Which methods differ")));  // two tracks tell no methods apart
  for (const char* chart : {"sdr-museval-vocals", "sdr-museval-drums"})
    for (const char* extension : {".svg", ".png"})
      EXPECT_TRUE(fs::exists(folder_ / "out/charts" / (std::string(chart) + extension))) << chart << extension;
  const std::string page = text("out/index.html");
  EXPECT_THAT(page, AllOf(HasSubstr("mine: median 5.00 dB over 2 tracks"), HasSubstr("L2freq (study): 6.40 dB")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

// Two methods are compared as a pair; three also by Friedman's test, which needs as many, and in a chart.
TEST_F(Report, DifferencesNeedSixTracks) {
  const auto report_of = [&](int tracks, const std::vector<std::string>& methods) {
    std::vector<std::string> arguments = methods;
    for (size_t m = 0; m < methods.size(); ++m) {
      fs::remove_all(folder_ / methods[m]);
      for (int track = 0; track < tracks; ++track)
        write_track(fmt::format("{}/test/{}.json", methods[m], track),
                    static_cast<double>(track) - (3.0 + 0.1 * track) * m);
    }
    arguments.insert(arguments.end(), {"--output", "out"});
    EXPECT_TRUE(succeeded(run(arguments)));
    return text("out/report.md");
  };
  EXPECT_THAT(report_of(5, {"a", "b"}), Not(HasSubstr("Which methods differ")));
  const std::string two = report_of(6, {"a", "b"});
  EXPECT_THAT(two, AllOf(HasSubstr("Which methods differ"), Not(HasSubstr("Friedman"))));
  EXPECT_THAT(two, HasSubstr("| museval | vocals | a | b | 6 | 3.25 | 0 | 0.0312 | 0.0312 |"));
  EXPECT_THAT(report_of(6, {"a", "b", "c"}), HasSubstr("Friedman"));
  EXPECT_TRUE(fs::exists(folder_ / "out/charts/differences-museval-vocals.png"));
}

// Medians as published; where the tracks' scores are at hand, they give the same.
TEST_F(Report, PublishedScoresComeWithTheProgram) {
  write_track("mine/test/a.json", 4);
  ASSERT_TRUE(succeeded(run({"mine", "--published", "--output", "out"})));
  EXPECT_THAT(text("out/report.md"),
              AllOf(HasSubstr("| UMX (Open-Unmix) |  | 6.32 |"), HasSubstr("| Adversarial (study) |  | 6.50 |"),
                    HasSubstr("| **mine** | 1 | 4.00 |")));
  const std::vector<TableRow> table = published_table();
  EXPECT_EQ(table.size(), 31u + 2u + 19u);
  if (shared_data().empty()) GTEST_SKIP() << "the tracks' scores are not on this machine";
  for (const Method& method : read_published(shared_data() / "sisec2018-track-medians.csv")) {
    const auto row = std::ranges::find(table, method.name, &TableRow::name);
    ASSERT_NE(row, table.end()) << method.name;
    for (const auto& [target, sdr] : row->sdr) EXPECT_NEAR(sdr, median(method.values(target)), 0.00501) << method.name;
    EXPECT_EQ(row->sdr.size(), method.scores.size()) << method.name;
  }
  for (const TableRow& study : read_table(shared_data() / "study-sdr.csv")) {
    const auto row = std::ranges::find_if(table, [&](const TableRow& r) { return r.label() == study.label(); });
    ASSERT_NE(row, table.end()) << study.name;
    EXPECT_EQ(row->sdr, study.sdr);
  }
}

// Its own tracks.csv is what --sisec reads.
TEST_F(Report, ReadsItsOwnTracksAgain) {
  write_track("mine/test/a.json", 4);
  ASSERT_TRUE(succeeded(run({"mine", "--output", "out"})));
  EXPECT_THAT(text("out/report.md"), Not(HasSubstr("Friedman")));  // one method: nothing to compare
  const auto again = run({"mine", "--output", "again", "--sisec", "out/tracks.csv"});
  EXPECT_EQ(again.exit_code, 0) << again.errors;
  const std::string name = folder_.path().filename().string() + "/mine";  // told apart by its folder's name
  EXPECT_THAT(text("again/report.md"),
              AllOf(HasSubstr(fmt::format("| **{}** | 1 | 4.00 |", name)), HasSubstr("| mine | 1 | 4.00 |")));
}

TEST_F(Report, OfAStudyShowsCurvesTimesAndExamples) {
  write_run("L2freq", 3.0);
  write_run("PSA", 2.0);
  for (const char* run : {"L2freq", "PSA"}) {
    fs::create_directories(folder_ / "study" / run / "estimates/a");
    write_audio(folder_ / "study" / run / "estimates/a/vocals.wav", tone(44100, 2, 44100));
  }
  fs::create_directories(folder_ / "study/songs/test/a");
  for (const char* name : {"mixture", "vocals"})
    write_audio(folder_ / "study/songs/test/a" / (std::string(name) + ".wav"), tone(44100, 2, 44100, 660));
  const auto result = run({"study", "--output", "out"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(text("out/report.md"),
              HasSubstr("| **L2freq** | 2 | 3.00 |\n| **PSA** | 2 | 2.00 |\n| mixture | 2 | -5.00 |\n"));
  EXPECT_THAT(text("out/report.md"), HasSubstr("| L2freq | 2 | 2 | 2.5 | 5 | 0.5 | cpu |\n"));
  for (const char* file : {"charts/training-02-PSA.svg", "charts/times.png", "examples/01-vocals.png",
                           "examples/01-mixture.png", "examples/01-vocals-3.mp3"})
    EXPECT_TRUE(fs::exists(folder_ / "out" / file)) << file;
  const std::string page = text("out/index.html");
  EXPECT_THAT(page, AllOf(HasSubstr("<span>PSA, 2.0 dB</span>"), HasSubstr("data:audio/mpeg;base64,"),
                          HasSubstr("data:image/png;base64,"), Not(HasSubstr("http"))));
}

TEST_F(Report, WhatIsDamagedIsNamedAndTheRestWritten) {
  write_track("mine/test/a.json", 4);
  write("mine/test/b.json", "{\"targets\": [{\"name\": \"vocals\"}]}");
  write("mine/test/c.json", "{\"targets\": [");
  write("mine/test/d.json", "{\"version\": 2}");
  write("mine/test/e.json", "{\"targets\": []}");
  fs::create_directory(folder_ / "empty");
  const auto result = run({"mine", "empty", "mine", "--output", "out"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "out/index.html\n");
  for (const char* part : {"b.json is not museval's", "c.json is not museval's", "d.json is not museval's",
                           "e.json has scores of no target", "empty holds nothing to report", "mine is given twice",
                           "error: [report] 6 of the files and folders could not be used"})
    EXPECT_THAT(result.errors, HasSubstr(part));
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 7);
  EXPECT_THAT(text("out/report.md"),
              AllOf(HasSubstr("| **mine** | 1 | 4.00 |"), HasSubstr("## Left out"), HasSubstr("e.json")));
}

TEST_F(Report, WrongInputIsOneLine) {
  write_track("mine/test/a.json", 4);
  write("columns.csv", "method,song,target,SDR,SIR,ISR,SAR\n");
  write("word.csv", "method,track,target,SDR,SIR,ISR,SAR\nA,a,vocals,high,1,2,3\n");
  write("cells.csv", "method,track,target,SDR,SIR,ISR,SAR\nA,a,vocals,1,2\n");
  write("twice.csv", "method,track,target,SDR,SIR,ISR,SAR\nA,a,vocals,1,2,3,4\nA,a,vocals,1,2,3,4\n");
  fs::create_directory(folder_ / "empty");
  expect_error(run({}), 2, "DIR is required");
  expect_error(run({"none"}), 1, "none: there is no such folder");
  expect_error(run({"empty"}), 1, "nothing to report: empty holds nothing to report");
  expect_error(run({"mine", "--sisec", "none.csv"}), 1, "none.csv");
  expect_error(run({"mine", "--output", "./mine/"}), 2, "--output ./mine/: the report would be written over");
  expect_error(run({"mine", "--sisec", "columns.csv"}), 1, "its columns are method,song,target");
  expect_error(run({"mine", "--sisec", "word.csv"}), 1,
               "word.csv line 2: 'high' in column SDR is not a number such as 3.5");
  expect_error(run({"mine", "--sisec", "cells.csv"}), 1, "cells.csv line 2: it has 5 cells, the first line 7");
  expect_error(run({"mine", "--sisec", "twice.csv"}), 1, "twice.csv line 3: A, a, vocals is there twice");
  expect_error(run({"mine", "--study", "columns.csv"}), 1, "a table of results has loss,vocals");
  EXPECT_FALSE(fs::exists(folder_ / "unmix-report"));
}

TEST_F(Report, NamesThatTwoFoldersShareGetTheirParents) {
  write_track("L2freq/evaluation/test/a.json", 4);
  write_track("PSA/evaluation/test/a.json", 5);
  write_track("PSA/evaluation/train/b.json", 6);
  const Material material = read_material({folder_ / "L2freq/evaluation", folder_ / "PSA/evaluation"}, {});
  std::vector<std::string> names;
  for (const Method& method : material.methods) names.push_back(method.name);
  EXPECT_EQ(names, (std::vector<std::string>{"evaluation", "evaluation/test", "evaluation/train"}));
  fs::remove_all(folder_ / "PSA/evaluation/train");
  const Material alike = read_material({folder_ / "L2freq/evaluation", folder_ / "PSA/evaluation"}, {});
  ASSERT_EQ(alike.methods.size(), 2u);
  EXPECT_EQ(alike.methods[0].name, "L2freq/evaluation");
  EXPECT_EQ(alike.methods[1].name, "PSA/evaluation");
}

// A real file of museval, medians as museval's own aggregation has them.
TEST_F(Report, MusevalsOwnFileIsRead) {
  const fs::path data = shared_data();
  if (data.empty()) GTEST_SKIP() << "museval's scores are not on this machine";
  const auto scores = read_museval(data / "musdb-sample/Music Delta - 80s Rock.random-estimates.json");
  ASSERT_TRUE(scores.contains("vocals"));
  EXPECT_NEAR(scores.at("vocals")[0], -15.621955, 1e-9);  // pandas' median of the six frames
}

}  // namespace
}  // namespace unmix::test
