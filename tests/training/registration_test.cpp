// A loss and a model from outside the library train and separate like its own: no file of the library knows a name.
#include <gmock/gmock.h>

#include "data/demo_songs.h"
#include "losses/terms.h"
#include "models/model_files.h"
#include "separation/separator.h"
#include "tests/support/audio_helpers.h"
#include "training/train.h"

namespace unmix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int loss_calls = 0;

const LossEntry mean_mask_error = {
    .name = "MeanMaskError",
    .domain = "mask",
    .code = "mean |M_k - R_k|",
    .source = "tests/training/registration_test.cpp",
    .least_sources = 2,
    .compute = [](Signals& signals, const LossContext&) -> Var {
      ++loss_calls;
      return mean(distance({signals.masks(), {}}, signals.ratio_masks(), Distance::absolute));
    },
};

const ModelEntry duet = {
    .name = "duet",
    .description = "Two heads, vocals and the rest",
    .heads = {"_1", "_2"},
    .sources = {"vocals", "accompaniment"},
    .make = [](const NetworkConfig& config, uint64_t seed) -> std::unique_ptr<MaskNetwork> {
      return std::make_unique<MaskNetwork>(config, std::vector<std::string>{"_1", "_2"}, seed);
    },
};

TrainOptions tiny_run(const std::filesystem::path& folder) {
  write_demo_songs(folder / "songs", DemoSize::tiny);
  TrainOptions options;
  options.root = folder / "songs";
  options.is_wav = true;
  options.cache = folder / "cache";
  options.output = folder / "model";
  options.nfft = 512;
  options.nhop = 256;
  options.hidden_size = 8;
  options.nb_layers = 1;
  options.batch_size = 2;
  options.seq_dur = 0.5;
  options.samples_per_track = 2;
  options.epochs = 1;
  options.quiet = true;
  return options;
}

TEST(Registration, ALossAndAModelOfOnesOwnTrainAndSeparate) {
  const TemporaryFolder folder;
  const LossRegistration loss(mean_mask_error);
  const ModelRegistration model(duet);
  TrainOptions options = tiny_run(folder.path());
  options.loss = Objective("0.5*meanmaskerror");
  options.architecture = &find_model("duet");
  loss_calls = 0;
  const History history = train(options);
  EXPECT_GT(loss_calls, 1);
  EXPECT_TRUE(std::isfinite(history.train_loss.at(0)));
  const Separator separator(load_models(options.output, {}, Device::cpu), Device::cpu);
  EXPECT_THAT(separator.sources(), ElementsAre("vocals", "accompaniment"));

  options.architecture = nullptr;
  options.target = "vocals";
  EXPECT_THAT(error_of([&] { train(options); }), HasSubstr("needs 2 sources or more, this model has 1"));
}

TEST(Registration, ANameIsTakenOnceAndGoesWithItsRegistration) {
  {
    const LossRegistration loss(mean_mask_error);
    const ModelRegistration model(duet);
    EXPECT_THAT(error_of([] { LossRegistration{mean_mask_error}; }), HasSubstr("a loss 'MeanMaskError' already"));
    EXPECT_THAT(error_of([] { ModelRegistration{duet}; }), HasSubstr("a model 'duet' already"));
    EXPECT_EQ(find_loss("MeanMaskError").code, mean_mask_error.code);
  }
  EXPECT_THAT(error_of([] { find_loss("MeanMaskError"); }), HasSubstr("there is no loss"));
  EXPECT_THAT(error_of([] { find_model("duet"); }), HasSubstr("there is no model"));
}

}  // namespace
}  // namespace unmix::test
