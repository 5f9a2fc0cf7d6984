#include <nlohmann/json.hpp>

#include "base/file.h"
#include "evaluation/sdr.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/small_models.h"

namespace unmix {
namespace {

using test::expect_error;
using test::run_program;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ProgramSeparate : public ::testing::Test {
 protected:
  ProgramSeparate() {
    test::write_model(folder / "model", *test::constant_network({1.0f, 3.0f, 0.5f, 0.25f}));
    write_audio(folder / "song.wav", mixture);
  }

  auto run(std::vector<std::string> more, const fs::path& input = "/dev/null") {
    more.insert(more.begin(), {"separate", "--device", "cpu", "--model", "model"});
    return run_program(more, folder.path(), "unmix", input);
  }

  TemporaryFolder folder;
  const Audio mixture = test::noise(8000, 2, 5000);
};

TEST_F(ProgramSeparate, WritesEverySourceAndPrintsThePaths) {
  const auto result = run({"song.wav", "--niter", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "song_model/vocals.wav\nsong_model/drums.wav\nsong_model/bass.wav\nsong_model/other.wav\n");
  EXPECT_THAT(result.errors, HasSubstr("unmix: warning: song.wav: song_model/drums.wav: "));
  EXPECT_THAT(result.errors, HasSubstr("samples lay beyond full scale and were clipped"));
  EXPECT_GT(sdr(mixture, read_audio(folder / "song_model/vocals.wav")), 80);
  EXPECT_NEAR(sdr(mixture, read_audio(folder / "song_model/bass.wav")), 6.02, 0.01);
}

TEST_F(ProgramSeparate, OptionsAreFollowed) {
  const auto result = run({"song.wav", "--quiet",    "--json",           "--outdir", "out",   "--targets",  "bass",
                           "other",    "--softmask", "--residual",       "rest",     "--ext", "flac",       "--subtype",
                           "pcm24",    "--filename", "{target}_{track}", "--start",  "0.125", "--duration", "0.25"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  const auto json = nlohmann::json::parse(result.output);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["outputs"],
            (nlohmann::json{
                {"bass", "out/bass_song.flac"}, {"other", "out/other_song.flac"}, {"rest", "out/rest_song.flac"}}));
  EXPECT_EQ(json[0]["duration"], 0.25);
  const Audio bass = read_audio(folder / "out/bass_song.flac");
  EXPECT_EQ(bass.frames(), 2000);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "out"), fs::directory_iterator()), 3);
}

TEST_F(ProgramSeparate, SeveralFilesOfSeveralKinds) {
  write_audio(folder / "mono.flac", test::tone(16000, 1, 4000));
  write_audio(folder / "short.wav", test::tone(8000, 2, 1), SampleFormat::floating);
  test::write_stem_file(folder / "five.stem.mp4", std::vector<Audio>(5, test::tone(44100, 2, 8820)));
  const auto result = run({"mono.flac", "short.wav", "five.stem.mp4", "--outdir", "out"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const Audio mono = read_audio(folder / "out/mono/bass.wav");
  EXPECT_EQ(mono.channels, 1);
  EXPECT_EQ(mono.sample_rate, 16000);
  EXPECT_EQ(mono.frames(), 4000);
  EXPECT_EQ(read_audio(folder / "out/short/vocals.wav").frames(), 1);
  EXPECT_EQ(read_audio(folder / "out/five/vocals.wav").sample_rate, 44100);
}

TEST_F(ProgramSeparate, StandardInputAndOutputAreWav) {
  const auto result =
      run({"-", "--niter", "0", "--targets", "bass", "--outdir", "-", "--subtype", "float"}, folder / "song.wav");
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  write_file(folder / "bass.wav", result.output);
  const Audio bass = read_audio(folder / "bass.wav");
  EXPECT_EQ(bass.frames(), mixture.frames());
  EXPECT_NEAR(sdr(mixture, bass), 6.02, 0.01);

  // As a program writes it that does not know the length yet.
  std::string stream = read_file(folder / "song.wav");
  stream.replace(stream.find("data") + 4, 4, "\xff\xff\xff\xff");
  write_file(folder / "stream.wav", stream);
  const auto to_file = run({"-", "--niter", "0", "--start", "0.125", "--duration", "0.25"}, folder / "stream.wav");
  EXPECT_EQ(to_file.exit_code, 0) << to_file.errors;
  EXPECT_EQ(read_audio(folder / "stdin_model/vocals.wav").frames(), 2000);

  expect_error(run({"-", "--outdir", "-"}, folder / "song.wav"), 2, "takes one estimate of one file, not 4 of 1");
  expect_error(run({"-", "-"}, folder / "song.wav"), 2, "standard input, '-', can be read only once");
  expect_error(run({"-", "--quiet"}), 1, "standard input: there is nothing to read");
  expect_error(run({"-", "--quiet"}, folder / "model/joint.safetensors"), 1,
               "standard input: truncated, corrupt or not a readable audio file");
}

TEST_F(ProgramSeparate, AggregatesAreWrittenInPlaceOfTheSources) {
  const auto result = run({"song.wav", "--residual", "rest", "--aggregate", R"({"others": ["bass", "residual"]})",
                           "--outdir", "out", "--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "out/song/others.wav\n");
}

TEST_F(ProgramSeparate, AUnidirectionalModelSeparatesLive) {
  NetworkConfig config = test::small_network();
  config.unidirectional = true;
  test::write_model(folder / "uni", *test::random_network("joint", config));
  const auto separate = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"separate", "--no-cuda", "--model", "uni", "--niter", "0", "--targets", "vocals",
                               "--outdir", "-", "--subtype", "float"});
    return run_program(more, folder.path(), "unmix", folder / "song.wav");
  };
  const auto live = separate({"-", "--live"}), offline = separate({"song.wav"});
  EXPECT_EQ(live.exit_code, 0) << live.errors;
  EXPECT_THAT(live.errors, HasSubstr("live: estimates follow what is read by 16 ms"));
  write_file(folder / "live.wav", live.output);
  write_file(folder / "offline.wav", offline.output);
  EXPECT_GT(sdr(read_audio(folder / "offline.wav"), read_audio(folder / "live.wav")), 80);
  expect_error(run({"song.wav", "--live"}), 2, "--live: the model is bidirectional");
}

TEST_F(ProgramSeparate, AnInterruptedRunLeavesNothing) {
  write_audio(folder / "long.wav", test::noise(8000, 2, 8000 * 1200));
  // In the foreground: otherwise timeout signals its group as well, and a second signal ends the program at once.
  const auto result = run_program({"--foreground", "--preserve-status", "--signal=INT", "1", test::program_path(),
                                   "separate", "long.wav", "--model", "model", "--no-cuda", "--outdir", "out"},
                                  folder.path(), "/usr/bin/timeout");
  EXPECT_EQ(result.exit_code, 130) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("unmix: interrupted; nothing more is written"));
  for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
    EXPECT_FALSE(entry.path().string().find("out/long/") != std::string::npos) << entry.path();
}

TEST_F(ProgramSeparate, ABadFileDoesNotStopTheOthers) {
  write_file(folder / "bad.wav", "this is no audio");
  const std::vector<std::string> batch = {"bad.wav", "song.wav", "none.wav", "--niter", "0", "--outdir", "out"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), batch.begin(), batch.end());
    return run(more);
  };
  const auto result = with({"--aggregate", R"({"b": ["bass"]})", "--quiet"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "out/song/b.wav\n");
  EXPECT_THAT(result.errors, HasSubstr("unmix: warning: bad.wav is left out: "));
  EXPECT_THAT(result.errors, HasSubstr("unmix: warning: none.wav is left out: [separate] none.wav: no such file\n"));
  EXPECT_THAT(result.errors,
              HasSubstr("unmix: error: [separate] 2 of 3 files could not be separated: bad.wav, none.wav\n"));

  const auto json = nlohmann::json::parse(with({"--json", "--aggregate", R"({"c": ["bass"]})"}).output);
  ASSERT_EQ(json.size(), 3u);
  EXPECT_THAT(json[0].at("error"), HasSubstr("bad.wav"));
  EXPECT_EQ(json[1].at("outputs").at("c"), "out/song/c.wav");
  EXPECT_EQ(json[2].at("input"), "none.wav");
  EXPECT_EQ(nlohmann::json::parse(run({"bad.wav", "--json"}).output).size(), 1u);

  expect_error(with({"--start", "-1", "--outdir", "other"}), 2, "--start -1");  // before any work
  EXPECT_FALSE(fs::exists(folder / "other"));
}

TEST_F(ProgramSeparate, FilesBehindAListOfTargetsAreFiles) {
  const auto result = run({"--niter", "0", "--targets", "vocals", "bass", "song.wav"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "song_model/vocals.wav\nsong_model/bass.wav\n");
  expect_error(run({"--targets", "vocals", "sing.wav"}), 2, "FILE is missing: --targets took 'vocals sing.wav'");
  expect_error(run({}), 2, "FILE is required");
  expect_error(run({"song.wav", "--targets", "vocals", "song.wav"}), 2, "model has no model for 'song.wav'");
}

TEST_F(ProgramSeparate, NothingIsWrittenOutsideOfTheFolder) {
  fs::create_directories(folder / "in");
  fs::create_directories(folder / "out");
  write_audio(folder / "in/bass.wav", mixture);
  fs::create_directory_symlink("../in", folder / "out/bass");
  const std::string before = read_file(folder / "in/bass.wav");
  const auto refused = [&](std::vector<std::string> more, const std::string& message) {
    more.insert(more.begin(), {"in/bass.wav", "--niter", "0"});
    expect_error(run(more), 2, message);
  };
  refused({"--outdir", "new", "--filename", "../in/{target}"}, "outside of the folder");
  refused({"--outdir", "new", "--filename", "../{target}"}, "outside of the folder");
  refused({"--filename", "../{target}"}, "outside of the folder");
  refused({"--outdir", "new", "--filename", (folder / "{target}").string()}, "outside of the folder");
  refused({"--outdir", "out"}, "outside of the folder");  // through the link
  refused({"--outdir", "new/../in", "--filename", "{target}"}, "but it is also the input");
  refused({"--aggregate", R"({"../x": ["drums"]})"}, "'../x' cannot be a file's name");
  refused({"--aggregate", R"({"x": ["drums"], "x": ["bass"]})"}, "two sums have one name");
  refused({"--residual", "../x"}, "--residual ../x: give a file's name");
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("in", "out", "model", "song.wav"));
  EXPECT_EQ(read_file(folder / "in/bass.wav"), before);
}

TEST_F(ProgramSeparate, ALinkInTheWayOfAnEstimateIsReplaced) {
  fs::create_directories(folder / "out/song");
  fs::create_symlink("../../song.wav", folder / "out/song/bass.wav");
  fs::create_directory_symlink("out", folder / "link");
  const std::string before = read_file(folder / "song.wav");
  EXPECT_EQ(run({"song.wav", "--niter", "0", "--outdir", "link"}).exit_code, 0);
  EXPECT_FALSE(fs::is_symlink(folder / "out/song/bass.wav"));
  EXPECT_EQ(read_file(folder / "song.wav"), before);
}

TEST_F(ProgramSeparate, BadInputIsOneLineAndWritesNothing) {
  write_file(folder / "empty.wav", "");
  write_file(folder / "text.wav", "this is not audio");
  const std::string song = read_file(folder / "song.wav");
  write_file(folder / "cut.wav", song.substr(0, song.size() / 2));
  write_audio(folder / "nan.wav", mixture, SampleFormat::floating);
  std::string floats = read_file(folder / "nan.wav");
  floats.replace(floats.size() - 4, 4, "\xff\xff\xff\xff");
  write_file(folder / "nan.wav", floats);
  expect_error(run({"none.wav"}), 1, "none.wav: no such file");
  expect_error(run({"empty.wav"}), 1, "empty.wav: the file is empty");
  for (const char* name : {"text.wav", "cut.wav", "nan.wav"}) {
    const auto result = run({name, "--quiet"});
    expect_error(result, 1, name);
  }
  expect_error(run({"song.wav", "--targets", "guitar"}), 2, "model has no model for 'guitar'; it has: joint, vocals");
  expect_error(run({"song.wav", "--ext", ".aac"}), 2, "--ext .aac");
  expect_error(run({"song.wav", "--subtype", "pcm32"}), 2, "--subtype pcm32");
  expect_error(run({"song.wav", "--residual", "bass"}), 2, "--residual bass: a target has that name already");
  expect_error(run({"song.wav", "--duration", "-1"}), 2, "--duration -1");
  expect_error(run({"song.wav", "--filename", "{song}"}), 2, "--filename {song}");
  expect_error(run({"song.wav", "--niter", "-1"}), 2, "--niter -1: give 0 or more");
  expect_error(run({"song.wav", "--aggregate", "drums"}), 2, "--aggregate drums: give JSON such as");
  expect_error(run({"song.wav", "--segment", "0.001"}), 2, "--segment 0.001: give 0.03 seconds or more");
  expect_error(run({"song.wav", "--start", "7", "--quiet"}), 1, "start 7 s is behind its end, 0.625 s");
  expect_error(run_program({"separate", "song.wav", "--model", "none"}, folder.path()), 1, "there is no such folder");
  const std::string weights = read_file(folder / "model/joint.safetensors");
  write_file(folder / "model/joint.safetensors", weights.substr(0, weights.size() / 2));
  expect_error(run({"song.wav"}), 1, "joint.safetensors");
  for (const auto& entry : fs::directory_iterator(folder.path())) EXPECT_FALSE(entry.path().filename() == "song_model");
}

}  // namespace
}  // namespace unmix
