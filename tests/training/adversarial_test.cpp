// `unmix train --loss Adversarial` as a user runs it: warm start, unpaired folders, resume, bad input.
#include <gtest/gtest.h>
#include <signal.h>

#include "base/file.h"
#include "formats/safetensors.h"
#include "losses/losses.h"
#include "models/discriminator_file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/training_runs.h"
#include "training/checkpoint.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

// Excerpts of 42 frames x 33 bins, since the discriminators have their full width.
const Arguments kSmall{"--nfft", "64", "--nhop", "32", "--seq-dur", "0.03", "--target", "vocals", "--quiet"};

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class AdversarialProgram : public ::testing::Test {
 protected:
  Arguments arguments(const fs::path& output, int epochs, const Arguments& more, const std::string& device = "cpu") {
    return train_arguments(output, epochs, kSmall + Arguments{"--loss", "Adversarial"} + more, device);
  }

  // Folders of mixtures and of stems of `vocals`.
  Arguments unpaired() {
    fs::create_directories(folder_ / "stems/vocals");
    fs::create_directories(folder_ / "mixtures");
    write_audio(folder_ / "stems/vocals/a.wav", tone(44100, 2, 44100, 440));
    write_audio(folder_ / "mixtures/b.wav", noise(44100, 2, 44100, 3));
    return {"--unpaired-mixtures", (folder_ / "mixtures").string(), "--unpaired-stems", (folder_ / "stems").string()};
  }

  TemporaryFolder folder_;
};

class AdversarialOn : public AdversarialProgram, public ::testing::WithParamInterface<Device> {
 protected:
  Arguments on_device(const fs::path& output, int epochs, const Arguments& more) {
    return arguments(output, epochs, more, std::string(name(GetParam())));
  }
};

TEST_P(AdversarialOn, StartsFromATrainedModelAndWritesOneThatSeparates) {
  const fs::path first = folder_ / "first", model = folder_ / "model";
  ASSERT_TRUE(succeeded(run_program(train_arguments(first, 1, kSmall))));
  const auto result = run_program(on_device(model, 2, unpaired() + Arguments{"--model", first.string()}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_file(model / "vocals.json"));
  ASSERT_EQ(json.at("discriminator_loss_history").size(), 2u);
  for (const double loss : json.at("discriminator_loss_history")) EXPECT_TRUE(std::isfinite(loss) && loss > 0.0);
  EXPECT_EQ(json.at("args").at("discriminator"), "patch");
  const DiscriminatorFile file = load_discriminators(model / "discriminators/vocals.safetensors", 42, 33);
  EXPECT_EQ(file.gan, "lsgan");
  EXPECT_EQ(file.discriminators->sources(), 1);

  expect_error(run_program(train_arguments(folder_ / "joint", 1, {"--model", first.string()})), 1,
               "holds models of one target each, this run trains a joint one");
  write_audio(folder_ / "song.wav", noise(44100, 2, 8000));
  const auto separated = run_program({"separate", (folder_ / "song.wav").string(), "--model", model.string(), "--niter",
                                      "0", "--outdir", (folder_ / "out").string(), "--device", "cpu"});
  EXPECT_EQ(separated.exit_code, 0) << separated.errors;
}

TEST_P(AdversarialOn, InterruptSavesAndResumesBitForBit) {
  const Arguments options = unpaired() + samples_per_track(GetParam(), 5, 2) + Arguments{"--batch-size", "1"} +
                            Arguments{"--spectral-norm", "--gan", "hinge", "--feature-matching", "0.1"};
  const fs::path whole = folder_ / "whole", parts = folder_ / "parts";
  ASSERT_TRUE(succeeded(run_program(on_device(whole, 2, options))));
  ASSERT_EQ(signal_when_written(on_device(parts, 2, options), parts / "vocals.json", SIGINT), 130);
  EXPECT_GT(read_checkpoint(parts / "vocals.chkpnt").progress.at("batch"), 0);  // in the middle of an epoch
  EXPECT_NE(training_state(whole, "vocals"), training_state(parts, "vocals"));
  ASSERT_TRUE(succeeded(run_program(on_device(parts, 2, options + Arguments{"--checkpoint", parts.string()}))));
  EXPECT_EQ(training_state(whole, "vocals"), training_state(parts, "vocals"));
  const fs::path discriminators = "discriminators/vocals.safetensors";
  EXPECT_EQ(read_file(whole / discriminators.string()), read_file(parts / discriminators.string()));
}

INSTANTIATE_TEST_SUITE_P(Devices, AdversarialOn, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_F(AdversarialProgram, AnyNumberOfWorkersGivesTheSameBits) {
  const Arguments folders = unpaired();
  for (const char* workers : {"0", "3"})
    ASSERT_TRUE(succeeded(run_program(arguments(folder_ / workers, 1, folders + Arguments{"--nb-workers", workers}))));
  EXPECT_EQ(training_state(folder_ / "0", "vocals"), training_state(folder_ / "3", "vocals"));
}

TEST_F(AdversarialProgram, JointModelsHaveADiscriminatorPerSource) {
  Arguments joint = train_arguments(folder_ / "model", 1,
                                    {"--nfft", "64", "--nhop", "32", "--seq-dur", "0.03", "--samples-per-track", "1",
                                     "--loss", "L2freq + 0.1*Adversarial"});
  const auto result = run_program(joint);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NE(result.errors.find("  discriminators 0."), std::string::npos) << result.errors;
  EXPECT_EQ(load_discriminators(folder_ / "model/discriminators/joint.safetensors", 42, 33).discriminators->sources(),
            4);
}

TEST_F(AdversarialProgram, ResumeRefusesOtherOpponents) {
  const fs::path model = folder_ / "model";
  const Arguments folders = unpaired(), resume{"--checkpoint", model.string()};
  ASSERT_TRUE(succeeded(run_program(arguments(model, 1, folders))));
  expect_error(run_program(arguments(folder_ / "out", 2, resume)), 1, "--unpaired-mixtures was");
  expect_error(run_program(arguments(folder_ / "out", 2, folders + resume + Arguments{"--gan", "hinge"})), 1,
               "--gan was \"lsgan\", now \"hinge\"");
  fs::rename(folder_ / "mixtures", folder_ / "moved");
  const Arguments moved{"--unpaired-mixtures", (folder_ / "moved").string(), "--unpaired-stems",
                        (folder_ / "stems").string()};
  EXPECT_TRUE(succeeded(run_program(arguments(folder_ / "out", 2, resume + moved))));
}

TEST_F(AdversarialProgram, RefusesWhatCannotBe) {
  fs::create_directories(folder_ / "empty");
  fs::create_directories(folder_ / "mono");
  write_audio(folder_ / "mono/a.wav", noise(44100, 1, 44100));
  const std::string empty = (folder_ / "empty").string(), mono = (folder_ / "mono").string();
  const struct {
    Arguments arguments;
    int exit_code;
    const char* part;
  } cases[] = {
      {{"--discriminator", "pixel"}, 2, "no discriminator 'pixel'"},
      {{"--gan", "wasserstein"}, 2, "--gan wasserstein"},
      {{"--feature-matching", "-1"}, 2, "--feature-matching -1"},
      {{"--seq-dur", "0.01"}, 2, "too small for the discriminator patch"},
      {{"--unpaired-mixtures", empty}, 1, "no audio files"},
      {{"--unpaired-mixtures", mono}, 1, "a.wav has 1 channel, 2 are expected"},
      {{"--unpaired-stems", empty}, 1, "of target 'vocals' is missing"},
  };
  for (const auto& c : cases)
    expect_error(run_program(arguments(folder_ / "out", 1, c.arguments)), c.exit_code, c.part);
  for (const Arguments& option : std::vector<Arguments>{{"--discriminator", "patch"},
                                                        {"--gan", "lsgan"},
                                                        {"--feature-matching", "1"},
                                                        {"--spectral-norm"},
                                                        {"--unpaired-mixtures", mono},
                                                        {"--unpaired-stems", mono}})
    expect_error(run_program(train_arguments(folder_ / "out", 1, kSmall + option)), 2,
                 option[0] + " belongs to the loss Adversarial");
}

TEST_F(AdversarialProgram, LossOfAFileWithDiscriminatorsOfAFile) {
  const fs::path batch = folder_ / "batch.safetensors", weights = folder_ / "d.safetensors";
  const Tensor mixture = random_tensor({1, 2, 960}, 1), targets = random_tensor({2, 1, 2, 960}, 2),
               masks = random_tensor({2, 31, 1, 2, 33}, 3, 0.0, 1.0);
  write_safetensors(
      batch, {{{"mixture", mixture}, {"targets", targets}, {"masks", masks}}, {{"n_fft", "64"}, {"n_hop", "32"}}});
  const Discriminators discriminators(find_discriminator("patch"), {2, 31, 33, 1.0 / 16, false}, {"a", "b"}, 9);
  write_safetensors(weights, {discriminators.state(), {{"gan", "hinge"}}});
  const Arguments loss{"loss", "--name", "Adversarial", "--input", batch.string(), "--device", "cpu"};
  const auto result = run_program(loss + Arguments{"--weights", weights.string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;

  const Stft stft(64, 32, Device::cpu);
  Signals signals(stft, mixture, targets, 44100, {});
  signals.set_masks(Var(masks));
  LossContext context;
  context.discriminators = &discriminators;
  context.gan = Gan::hinge;
  EXPECT_NEAR(nlohmann::json::parse(result.output).at("loss"), adversarial(signals, context).value().item(), 1e-5);
  expect_error(run_program(loss), 2, "--weights: Adversarial needs a .safetensors");
  expect_error(run_program(loss + Arguments{"--weights", batch.string()}), 1, "holds no discriminators");
}

}  // namespace
}  // namespace unmix::test
