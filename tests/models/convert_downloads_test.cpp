// From what a user has downloaded, or trained with other code, to a model directory: published weights, the layouts of
// Open-Unmix of 2019 and of the study.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/pth.h"
#include "models/convert.h"
#include "models/published.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kGoldens = golden_path("checkpoints");

NetworkConfig umxse() {
  NetworkConfig config;
  config.bins = config.max_bin = 513;
  config.channels = 1;
  config.hidden = 256;
  return config;
}

// Weights under the name of a download: "<begin><the first digits of the file's SHA-256>.pth". Returns that name.
std::string download(const fs::path& directory, const std::string& begin, const NamedTensors& tensors) {
  fs::create_directories(directory);
  write_pth(directory / "download", {tensors, {}});
  const std::string name = begin + short_hash(directory / "download") + ".pth";
  fs::rename(directory / "download", directory / name);
  return name;
}

std::string convert_error(const fs::path& from, const fs::path& to) {
  return error_of([&] { convert(from, to); });
}

TEST(Downloads, ShortHashIsOfSha256) {  // FIPS 180-2, appendix B
  const TemporaryFolder folder;
  write_file(folder / "a", "abc");
  EXPECT_EQ(short_hash(folder / "a"), "ba7816bf");
  write_file(folder / "a", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(short_hash(folder / "a"), "248d6a61");
}

TEST(Downloads, AFolderOfThemBecomesAModel) {
  const TemporaryFolder folder;
  const auto network = random_network("single", umxse());
  const std::string speech = download(folder / "a", "speech-", network->state());
  download(folder / "a", "noise-", random_network("single", umxse(), 7)->state());
  const Conversion done = convert(folder / "a", folder / "b");
  EXPECT_THAT(done.written, ElementsAre(folder / "b/noise.safetensors", folder / "b/speech.safetensors"));
  EXPECT_THAT(done.warnings, ElementsAre(HasSubstr("the sizes of Open-Unmix's umxse")));
  ASSERT_EQ(done.models.size(), 2u);
  EXPECT_EQ(done.models[1].from, folder / "a" / speech);
  EXPECT_EQ("speech-" + done.models[1].hash + ".pth", speech);
  EXPECT_EQ(done.models[1].parameters, 1583622);  // of the published umxse
  const ModelSet set = load_models(folder / "b", {}, Device::cpu);
  EXPECT_EQ(std::tuple(set.config.n_fft, set.config.hop, set.config.sample_rate, set.config.channels),
            std::tuple(1024, 512, 16000, 1));
  EXPECT_THAT(set.sources(), ElementsAre("noise", "speech"));
  EXPECT_TRUE(same_bits(set.models[1].network->state().front().second.to_vector(),
                        network->state().front().second.to_vector()));
}

TEST(Downloads, PublishedNamesTellTheModel) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a");
  write_pth(folder / "a/speech_f5e0d9f9.pth", {random_network("single", umxse())->state(), {}});
  const Conversion done = convert(folder / "a", folder / "b");
  EXPECT_EQ(done.models.at(0).published, "umxse");
  EXPECT_EQ(done.settings->sample_rate, 16000);
  EXPECT_THAT(done.warnings,
              ElementsAre(AllOf(HasSubstr("its SHA-256 begins with"), HasSubstr("not with the f5e0d9f9 of its name")),
                          HasSubstr("the files of umxse for noise are not there")));
  EXPECT_EQ(find_published("vocals-bccbd9aa.pth")->name, "umxl");
  EXPECT_EQ(find_published("drums-bccbd9aa.pth"), nullptr);
  EXPECT_EQ(find_published("vocals.pth"), nullptr);
  for (const PublishedModel& model : published_models())
    EXPECT_EQ(model.max_bin, max_bin_of(model.settings.sample_rate, model.settings.n_fft,
                                        std::min(16000, model.settings.sample_rate / 2)));
}

TEST(Downloads, DamageIsFound) {
  const TemporaryFolder folder;
  NamedTensors tensors = random_network("single", umxse())->state();
  const fs::path good = folder / "a" / download(folder / "a", "speech-", tensors);
  const fs::path renamed = folder / "a/speech-0123abcd.pth";
  fs::rename(good, renamed);
  for (const fs::path& to : {folder / "b", folder / "b.safetensors"})
    EXPECT_THAT(convert_error(to.has_extension() ? renamed : folder / "a", to),
                AllOf(HasSubstr("speech-0123abcd.pth: its SHA-256 begins with"), HasSubstr("download it again")));
  fs::remove(renamed);
  download(folder / "a", "noise-", tensors);
  for (auto& [name, tensor] : tensors)
    if (name == "bn2.running_var") tensor.data()[3] = NAN;
  download(folder / "a", "speech-", tensors);
  EXPECT_THAT(convert_error(folder / "a", folder / "b"),
              HasSubstr("tensor bn2.running_var has values that are not finite: the weights are damaged"));
  EXPECT_FALSE(fs::exists(folder / "b"));
  EXPECT_FALSE(fs::exists(folder / "b.safetensors"));
}

TEST(Downloads, TheProgramSaysWhatItFound) {
  const TemporaryFolder folder;
  const std::string name = download(folder / "a", "speech-", random_network("single", umxse())->state());
  const ProgramResult result = run_program({"convert", "a", "b"}, folder.path());
  EXPECT_EQ(result.output, "b/speech.safetensors\n");
  EXPECT_THAT(result.errors, AllOf(HasSubstr("a/" + name + ": speech, 1583622 parameters, all finite; hidden size 256"),
                                   HasSubstr("16000 Hz, nfft 1024, nhop 512, 1 channel(s)")));
  const json models = json::parse(run_program({"convert", "a", "b", "--json"}, folder.path()).output).at("models");
  EXPECT_EQ("speech-" + models.at(0).at("sha256").get<std::string>() + ".pth", name);
  fs::rename(folder / "a" / name, folder / "a/speech-00000000.pth");
  expect_error(run_program({"convert", "a", "c"}, folder.path()), 1, "not with the 00000000 of its name");
}

// Open-Unmix of 2019 wrote no separator.json: its settings are in <target>.json and its rate in the weights.
TEST(Downloads, AModelOf2019NeedsNoSeparatorJson) {
  const TemporaryFolder folder;
  for (const char* target : {"vocals", "drums"}) {
    fs::create_directories(folder / "a");
    fs::copy_file(kGoldens / "openunmix.stream.pth", folder / "a" / (std::string(target) + ".pth"));
    write_file(folder / "a" / (std::string(target) + ".json"),
               R"({"epochs_trained": 7, "args": {"nfft": 16, "nhop": 4, "nb_channels": 2, "hidden_size": 4}})");
  }
  EXPECT_THAT(convert(folder / "a", folder / "b").warnings, IsEmpty());
  for (const char* name : {"a", "b"}) {
    const SeparatorConfig config = load_models(folder / name, {}, Device::cpu).config;
    EXPECT_EQ(std::tuple(config.n_fft, config.hop, config.sample_rate, config.channels), std::tuple(16, 4, 44100, 2));
  }
  write_file(folder / "a/drums.json", R"({"args": {"nfft": 16, "nhop": 8, "nb_channels": 2}})");
  for (const auto& call : {std::function<void()>([&] { load_models(folder / "a", {}, Device::cpu); }),
                           std::function<void()>([&] { convert(folder / "a", folder / "c"); })})
    EXPECT_THAT(error_of(call), AllOf(HasSubstr("drums.json says nhop 8, but"), HasSubstr("vocals.json says 4")));
  fs::remove(folder / "a/drums.json");
  fs::remove(folder / "a/vocals.json");
  EXPECT_THAT(error_of([&] { load_models(folder / "a", {}, Device::cpu); }), HasSubstr("separator.json: no such file"));
}

// The study's code writes model.pth, model.chkpnt and, after the number of targets, 4.json.
TEST(Downloads, AJointModelOfTheStudyIsRead) {
  const TemporaryFolder folder;
  const auto network = random_network("joint", small_network());
  fs::create_directories(folder / "a");
  write_pth(folder / "a/model.pth", {network->state(), {}});
  write_separator_json(folder / "a", small_separator());
  write_file(folder / "a/4.json", R"({"epochs_trained": 3, "args": {"nfft": 128, "nhop": 32, "loss": "L2freq"}})");
  EXPECT_THAT(load_models(folder / "a", {"bass", "vocals"}, Device::cpu).sources(), ElementsAre("bass", "vocals"));
  EXPECT_THAT(convert(folder / "a", folder / "b").written, ElementsAre(folder / "b/joint.safetensors"));
  const json description = json::parse(read_file(folder / "b/joint.json"));
  EXPECT_EQ(description.at("args").at("loss"), "L2freq");
  EXPECT_EQ(description.at("args").at("nb_layers"), 2);
  EXPECT_EQ(load_models(folder / "b", {}, Device::cpu).models.at(0).target, "joint");
  write_file(folder / "a/4.json", R"({"args": {"nfft": 256}})");
  EXPECT_THAT(error_of([&] { load_models(folder / "a", {}, Device::cpu); }),
              HasSubstr("4.json says nfft 256, but separator.json says 128"));
  fs::remove(folder / "a/4.json");  // any other model.pth is of the target "model"
  EXPECT_EQ(load_models(folder / "a", {}, Device::cpu).models.at(0).target, "model");
}

// Networks of two transforms cannot be of one model, whatever the descriptions say.
TEST(Downloads, TargetsOfTwoSizesAreRefused) {
  const TemporaryFolder folder;
  write_model(folder.path(), *random_network("single", small_network()), "vocals");
  NetworkConfig other = small_network();
  other.bins = 129;
  write_weights(folder / "drums.safetensors", *random_network("single", other));
  const auto error = [&] { return error_of([&] { load_models(folder.path(), {}, Device::cpu); }); };
  EXPECT_THAT(error(), HasSubstr("says nfft 128, which gives 65 bins, but drums.safetensors has 129"));
  write_weights(folder / "drums.safetensors", *random_network("single", small_network(1)));
  EXPECT_THAT(error(), HasSubstr("says nb_channels 2, but drums.safetensors has 1"));
  write_weights(folder / "drums.safetensors", *random_network("single", small_network()));
  write_file(folder / "drums.json", R"({"args": {"nb_channels": 1}})");
  EXPECT_THAT(error(), HasSubstr("drums.json says nb_channels 1, but separator.json says 2: one model has one STFT"));
  write_file(folder / "drums.json", "{\"args\": ");
  EXPECT_THAT(error(), HasSubstr("drums.json: the file is not a JSON object"));
  fs::remove(folder / "drums.json");
  EXPECT_NO_THROW(load_models(folder.path(), {}, Device::cpu));
}

}  // namespace
}  // namespace unmix::test
