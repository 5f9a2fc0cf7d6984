#include "training/option_table.h"

#include "tests/support/audio_helpers.h"

namespace unmix::test {
namespace {

template <class T>
constexpr bool kIsChoice =
    std::is_same_v<T, Variant> || std::is_same_v<T, Precision> || std::is_same_v<T, LstmEngine> ||
    std::is_same_v<T, std::optional<Gan>> || std::is_same_v<T, std::optional<VggishFrontend>>;

// The program puts -- in front: what an error names must be the option.
TEST(TrainOptionTable, AnUnknownChoiceNamesItsOption) {
  int choices = 0;
  const auto check_choice = [&](const std::string_view name, auto member) {
    using T = std::remove_cvref_t<decltype(std::declval<TrainOptions>().*member)>;
    if constexpr (kIsChoice<T>) {
      T value{};
      EXPECT_THAT(error_of([&] { read_option("no such", value); }),
                  testing::StartsWith(fmt::format("{} no such", name)));
      ++choices;
    }
  };
  for (const TrainOption& option : train_option_table())
    std::visit([&](auto member) { check_choice(option.name, member); }, option.member);
  EXPECT_EQ(choices, 5);
}

}  // namespace
}  // namespace unmix::test
