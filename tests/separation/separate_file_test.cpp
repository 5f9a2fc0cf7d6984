#include "separation/separate_file.h"

#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class SeparateFile : public ::testing::Test {
 protected:
  fs::path input(const std::string& name, const Audio& audio = test::noise(8000, 2, 4000)) {
    fs::create_directories((folder / name).parent_path());
    write_audio(folder / name, audio);
    return folder / name;
  }

  std::vector<std::string> outputs(const fs::path& file, const FileOptions& options) {
    std::vector<std::string> names;
    const auto plan = plan_files({file}, {"vocals", "rest"}, "umx", options);
    for (const auto& [source, path] : plan.at(0).outputs) names.push_back(path.string());
    return names;
  }

  std::string plan_error(const std::vector<fs::path>& files, const FileOptions& options) {
    return error_of([&] { plan_files(files, {"vocals", "rest"}, "umx", options); });
  }

  // Of the first source, masked by 1.
  Audio separated(const fs::path& file, FileOptions options) {
    options.outdir = folder / "out";
    const Separator separator(test::joint_set(test::constant_network({1.0f, 3.0f, 0.5f, 0.0f})), Device::cpu);
    const PlannedFile plan = plan_files({file}, separator.sources(), "model", options)[0];
    done = separate_file(plan, separator, options);
    return read_audio(plan.outputs[0].second);
  }

  TemporaryFolder folder;
  SeparatedFile done{};
};

TEST_F(SeparateFile, OutputsAreNamedAsOpenUnmixDoes) {
  const fs::path song = input("song.wav");
  FileOptions options;
  EXPECT_THAT(outputs(song, options), ElementsAre("song_umx/vocals.wav", "song_umx/rest.wav"));
  options.extension = ".flac";
  options.outdir = "out";
  EXPECT_THAT(outputs(song, options), ElementsAre("out/song/vocals.flac", "out/song/rest.flac"));
  options.filename = "{target}-{track} by {model}";
  EXPECT_THAT(outputs(song, options), ElementsAre("out/vocals-song by umx.flac", "out/rest-song by umx.flac"));
  test::write_stem_file(folder / "a.b.stem.mp4", std::vector<Audio>(5, test::tone(44100, 2, 2048)));
  options.filename = "";
  EXPECT_THAT(outputs(folder / "a.b.stem.mp4", options), ElementsAre("out/a.b/vocals.flac", "out/a.b/rest.flac"));
}

TEST_F(SeparateFile, ImpossiblePlansAreRefusedBeforeAnyWork) {
  const fs::path song = input("song.wav"), other = input("other/song.wav"), vocals = input("out/x/vocals.wav");
  EXPECT_THAT(plan_error({song, other}, {}), HasSubstr("song_umx/vocals.wav would be written for"));
  FileOptions over_input;
  over_input.outdir = folder / "out";
  over_input.filename = "x/{target}";
  EXPECT_THAT(plan_error({song, vocals}, over_input), HasSubstr("but it is also the input"));
  for (const char* filename : {"{track}", "{target}/{stem}", "{target", "{}{target}"}) {
    FileOptions options;
    options.filename = filename;
    EXPECT_THAT(plan_error({song}, options), HasSubstr(std::string("filename ") + filename));
  }
  FileOptions times;
  times.start = -1;
  EXPECT_THAT(plan_error({song}, times), HasSubstr("start -1"));
  times = {};
  times.duration = 0.0;
  EXPECT_THAT(plan_error({song}, times), HasSubstr("duration 0"));
  FileOptions flac;
  flac.extension = ".flac";
  flac.format = SampleFormat::floating;
  EXPECT_THAT(plan_error({song}, flac), HasSubstr("FLAC has no float samples"));
  EXPECT_THAT(error_of([] { parse_extension("aac"); }), HasSubstr("ext .aac: give .wav, .flac, .ogg or .mp3"));
  EXPECT_THAT(error_of([] { choose("subtype", "int8", sample_format_names); }),
              HasSubstr("subtype int8: give one of pcm16, pcm24, float"));
}

TEST_F(SeparateFile, InputsThatAreNoneAreNamedInThePlan) {
  const auto plan = plan_files({folder / "none.wav", input("song.wav"), folder.path()}, {"vocals"}, "umx", {});
  EXPECT_THAT(plan[0].problem, HasSubstr("none.wav: no such file"));
  EXPECT_EQ(plan[1].problem, "");
  EXPECT_THAT(plan[2].problem, HasSubstr("is a folder"));
}

TEST_F(SeparateFile, StartAndDurationChooseAPart) {
  const Audio whole = test::noise(8000, 2, 4000);
  const fs::path song = input("song.wav", whole);
  FileOptions options;
  options.format = SampleFormat::floating;
  options.start = 0.1;
  options.duration = 0.25;
  const Audio part = separated(song, options);
  ASSERT_EQ(part.frames(), 2000);
  const auto expected = whole.channel(1).subspan(800, 2000);
  EXPECT_LT(test::relative_error(std::vector<float>(part.channel(1).begin(), part.channel(1).end()),
                                 std::vector<float>(expected.begin(), expected.end())),
            tolerance::kValue);
  EXPECT_NEAR(done.duration, 0.25, 1e-9);
  options.duration = 10.0;  // beyond the end: as far as there is
  EXPECT_EQ(separated(song, options).frames(), 3200);
  options.start = 0.5;
  EXPECT_THAT(error_of([&] { separated(song, options); }), HasSubstr("start 0.5 s is behind its end, 0.500 s"));
}

TEST_F(SeparateFile, ClippedSamplesAreCountedAndFloatKeepsThem) {
  const fs::path song = input("song.wav");
  FileOptions options;
  separated(song, options);
  EXPECT_THAT(done.warnings, ElementsAre(HasSubstr("drums.wav: ")));  // masked by 3
  options.format = SampleFormat::floating;
  separated(song, options);
  EXPECT_TRUE(done.warnings.empty());
}

TEST_F(SeparateFile, TheAdviceOnClippedSamplesWorksForTheFormat) {
  const fs::path song = input("song.wav");
  FileOptions options;
  separated(song, options);
  EXPECT_THAT(done.warnings, ElementsAre(HasSubstr("were clipped; subtype float keeps them")));
  for (const char* extension : {".flac", ".ogg", ".mp3"}) {
    options.extension = extension;
    separated(song, options);
    EXPECT_THAT(done.warnings, Contains(HasSubstr("clipped; extension .wav with subtype float keeps them")))
        << extension;
  }
}

TEST_F(SeparateFile, SurroundIsMixedDownWhereItsPlacesAreKnown) {
  Audio surround{8000, 6, std::vector<float>(6 * 4000)};
  for (float& sample : surround.channel(2)) sample = 0.25F;  // the centre alone
  test::write_encoded(folder / "surround.wav", {surround}, {"wav", "pcm_s16le", "s16"});
  FileOptions options;
  options.format = SampleFormat::floating;
  const Audio mixed = separated(folder / "surround.wav", options);
  ASSERT_EQ(mixed.channels, 2);
  EXPECT_NEAR(mixed.channel(0)[2000], 0.25 * std::sqrt(0.5), 1e-3);
  EXPECT_THAT(done.warnings, ElementsAre(HasSubstr("of 6 channels two were mixed (ITU-R BS.775)")));
  write_audio(folder / "plain.wav", surround);
  separated(folder / "plain.wav", options);
  EXPECT_THAT(done.warnings, ElementsAre(HasSubstr("of 6 channels the first 2 are used: the places")));
  EXPECT_EQ(choose("downmix", "first", downmix_names), Downmix::first);
  EXPECT_THAT(error_of([] { choose("downmix", "mean", downmix_names); }),
              HasSubstr("downmix mean: give one of bs775, first"));
}

TEST_F(SeparateFile, ANamedPipeIsReadOnceInAnyFormat) {
  for (const char* name : {"song.wav", "song.flac"}) {
    const fs::path song = input(name), pipe = folder / "pipe";
    const std::string bytes = read_file(song);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const std::jthread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
    EXPECT_TRUE(separated(pipe, {}).samples == separated(song, {}).samples) << name;
    EXPECT_THAT(plan_error({pipe, pipe}, {}), HasSubstr("can be read only once"));
    fs::remove(pipe);
  }
}

TEST_F(SeparateFile, EveryFormatIsWritten) {
  const fs::path song = input("song.wav", test::tone(8000, 2, 8000));
  for (const char* extension : {".wav", ".flac", ".ogg", ".mp3"}) {
    FileOptions options;
    options.extension = extension;
    const Audio audio = separated(song, options);
    EXPECT_EQ(audio.channels, 2) << extension;
    EXPECT_EQ(audio.sample_rate, 8000) << extension;
  }
}

TEST_F(SeparateFile, AFolderThatCannotBeMadeIsSaid) {
  const fs::path song = input("song.wav");
  write_file(folder / "out", "a file");
  EXPECT_THAT(error_of([&] { separated(song, {}); }), HasSubstr("cannot make the folder"));
}

}  // namespace
}  // namespace unmix
