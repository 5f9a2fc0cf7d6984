#include <nlohmann/json.hpp>

#include "audio_helpers.h"
#include "base/file.h"
#include "evaluation/sdr.h"
#include "program.h"
#include "small_models.h"

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

  auto run(std::vector<std::string> more) {
    more.insert(more.begin(), {"separate", "--device", "cpu", "--model", "model"});
    return run_program(more, folder.path());
  }

  TemporaryFolder folder;
  const Audio mixture = test::noise(8000, 2, 5000);
};

TEST_F(ProgramSeparate, WritesEverySourceAndPrintsThePaths) {
  const auto result = run({"song.wav"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output,
            "song_model/vocals.wav\nsong_model/drums.wav\nsong_model/bass.wav\nsong_model/other.wav\n");
  EXPECT_THAT(result.errors, HasSubstr("unmix: warning: song.wav: song_model/drums.wav: "));
  EXPECT_THAT(result.errors, HasSubstr("samples lay beyond full scale and were clipped"));
  EXPECT_GT(sdr(mixture, read_audio(folder / "song_model/vocals.wav")), 80);
  EXPECT_NEAR(sdr(mixture, read_audio(folder / "song_model/bass.wav")), 6.02, 0.01);
}

TEST_F(ProgramSeparate, OptionsAreFollowed) {
  const auto result = run({"song.wav", "--quiet", "--json", "--outdir", "out", "--targets", "bass", "other",
                           "--softmask", "--residual", "rest", "--ext", "flac", "--subtype", "pcm24",
                           "--filename", "{target}_{track}", "--start", "0.125", "--duration", "0.25"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  const auto json = nlohmann::json::parse(result.output);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["outputs"], (nlohmann::json{{"bass", "out/bass_song.flac"}, {"other", "out/other_song.flac"},
                                                {"rest", "out/rest_song.flac"}}));
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
  expect_error(run({"song.wav", "--start", "7", "--quiet"}), 1, "--start 7 s is behind its end, 0.625 s");
  expect_error(run_program({"separate", "song.wav", "--model", "none"}, folder.path()), 1, "there is no such folder");
  const std::string weights = read_file(folder / "model/joint.safetensors");
  write_file(folder / "model/joint.safetensors", weights.substr(0, weights.size() / 2));
  expect_error(run({"song.wav"}), 1, "joint.safetensors");
  for (const auto& entry : fs::directory_iterator(folder.path())) EXPECT_FALSE(entry.path().filename() == "song_model");
}

}  // namespace
}  // namespace unmix
