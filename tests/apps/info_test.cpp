#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "data/registry.h"
#include "losses/registry.h"
#include "models/registry.h"
#include "tests/support/program.h"

namespace unmix {
namespace {

using ::testing::HasSubstr;

TEST(ProgramInfo, TellsBuildDevicesLibrariesLossesAndModels) {
  const auto result = test::run_program({"info"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
  for (const char* part : {"unmix 0.", "Devices", "cpu", "oneDNN", "FFTW", "libsndfile"})
    EXPECT_THAT(result.output, HasSubstr(part));
  for (const LossEntry& loss : loss_registry()) EXPECT_THAT(result.output, HasSubstr(std::string(loss.name)));
  for (const ModelEntry& model : model_registry()) EXPECT_THAT(result.output, HasSubstr(std::string(model.name)));
  for (const DatasetEntry& dataset : dataset_registry()) EXPECT_THAT(result.output, HasSubstr(dataset.name));
}

TEST(ProgramInfo, GivesTheSameAsJson) {
  const auto result = test::run_program({"info", "--json"});
  EXPECT_EQ(result.exit_code, 0);
  const auto info = nlohmann::json::parse(result.output);
  EXPECT_EQ(info["losses"].size(), loss_registry().size());
  EXPECT_EQ(info["models"].size(), model_registry().size());
  EXPECT_EQ(info["datasets"].size(), dataset_registry().size());
  EXPECT_EQ(info["losses"][0]["name"], loss_registry().front().name);
  EXPECT_TRUE(info["devices"].contains("cpu"));
  EXPECT_EQ(info["libraries"]["oneDNN"].get<std::string>().front(), '2');
  EXPECT_FALSE(info["build"].get<std::string>().empty());
}

}  // namespace
}  // namespace unmix
