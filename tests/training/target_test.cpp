// What a single model learns: the values, of a mixture that is not the sum of its sources, as of lossy stems.
#include "training/target.h"

#include <map>

#include "audio/musdb.h"
#include "tests/support/audio_helpers.h"

namespace unmix::test {
namespace {

Batch batch_of_lossy_stems() {
  Batch batch;
  batch.mixture = Tensor::empty({2, 1, 3});
  batch.targets = Tensor::empty({4, 2, 1, 3});
  for (int64_t i = 0; i < 6; ++i) batch.mixture.data()[i] = 100;
  for (int64_t k = 0; k < 4; ++k)
    for (int64_t i = 0; i < 6; ++i) batch.targets.data()[6 * k + i] = static_cast<float>((k + 1) * (i + 1));
  return batch;
}

TEST(SelectTargets, IsTheSourceOrTheSumOfAllButTheVocals) {
  const Batch batch = batch_of_lossy_stems();
  const std::vector<float> before = batch.targets.to_vector();
  const std::map<std::string, float> factors{
      {"vocals", 1}, {"drums", 2}, {"bass", 3}, {"other", 4}, {"accompaniment", 9}};
  for (const auto& [target, factor] : factors) {
    const Tensor selected = select_targets(batch, {target});
    EXPECT_EQ(selected.shape(), (Shape{1, 2, 1, 3})) << target;
    for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(selected.data()[i], factor * static_cast<float>(i + 1)) << target;
  }
  EXPECT_EQ(batch.targets.to_vector(), before);
  EXPECT_THAT(error_of([&] { select_targets(batch, {"piano"}); }), ::testing::HasSubstr("'piano' is none of vocals"));
}

TEST(SelectTargets, AreInTheOrderOfTheHeads) {
  Batch batch = batch_of_lossy_stems();
  EXPECT_EQ(select_targets(batch, musdb_sources).to_vector(), batch.targets.to_vector());
  const Tensor two = select_targets(batch, {"accompaniment", "drums"});
  EXPECT_EQ(two.shape(), (Shape{2, 2, 1, 3}));
  EXPECT_EQ(two[0].to_vector(), select_targets(batch, {"accompaniment"}).to_vector());
  EXPECT_EQ(two[1].to_vector(), select_targets(batch, {"drums"}).to_vector());
  batch.targets = batch.targets.rows(0, 1);
  EXPECT_EQ(select_targets(batch, {"speech"}).to_vector(), batch.targets.to_vector());
}

}  // namespace
}  // namespace unmix::test
