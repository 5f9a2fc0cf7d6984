// Bytes that are no UTF-8 as text and back, and what editors of Windows add.
#include "base/text.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace unmix {
namespace {

using Lines = std::vector<std::string>;

TEST(Utf8Text, BytesThatAreNoUtf8AreEscapedAndComeBack) {
  const std::pair<std::string, std::string> cases[] = {
      {"a.wav", "a.wav"},
      {"l\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5", "l\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb5"},
      {"l\xe9.wav", "l\\xe9.wav"},
      {"\xff\xc3", "\\xff\\xc3"},
      {"a\\b\\x5g", "a\\b\\x5g"},
      {"\\xe9", "\\x5cxe9"},
      {"\\\xe9", "\\\\xe9"},
      {"\\x\xe9", "\\x\\xe9"},
      {"\xc0\xaf \xe0\x9f\xbf \xf0\x8f\xbf\xbf", "\\xc0\\xaf \\xe0\\x9f\\xbf \\xf0\\x8f\\xbf\\xbf"},  // too long
      {"\xed\xa0\x80 \xf4\x90\x80\x80 \xf5", "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xf5"},           // no characters
      {"\xed\x9f\xbf \xf4\x8f\xbf\xbf", "\xed\x9f\xbf \xf4\x8f\xbf\xbf"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_utf8(bytes), text);
    EXPECT_EQ(from_utf8(text), bytes);
    EXPECT_TRUE(is_utf8(text));
  }
  EXPECT_FALSE(is_utf8("l\xe9"));
}

TEST(Utf8Text, EveryPairOfBytesComesBack) {
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = "\\x" + std::string{static_cast<char>(first), static_cast<char>(second)} + "1";
      ASSERT_TRUE(is_utf8(to_utf8(bytes)));
      ASSERT_EQ(from_utf8(to_utf8(bytes)), bytes);
    }
}

TEST(Utf8Text, JsonIsWrittenOfAnyBytes) {
  const nlohmann::ordered_json json{{"l\xe9", {"a\xff", 1.5, {{"b", "\xc3\xa9"}}}}};
  const auto read = nlohmann::ordered_json::parse(json_text(json, 2));
  EXPECT_EQ(read.begin().key(), "l\\xe9");
  EXPECT_EQ(read.front()[0], "a\\xff");
  EXPECT_EQ(read.front()[1], 1.5);
  EXPECT_EQ(read.front()[2]["b"], "\xc3\xa9");
  EXPECT_EQ(json_text(nlohmann::json{{"a", "\\xe9"}}), R"({"a":"\\xe9"})");
}

TEST(Utf8Text, CellsAreUtf8) {
  EXPECT_EQ(csv_cell("l\xe9"), "l\\xe9");
  EXPECT_EQ(csv_cell("a,\xe9"), "\"a,\\xe9\"");
}

TEST(Utf8Text, LinesOfAnyEditor) {
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a\r\n\r\n  b c \t\r\nd"),
            (Lines{"a", "  b c", "d"}));
  EXPECT_EQ(lines_of("a\n"), Lines{"a"});
  EXPECT_EQ(lines_of("\xef\xbb\xbf"), Lines{});
  EXPECT_EQ(without_bom("\xef\xbb"), "\xef\xbb");
}

}  // namespace
}  // namespace unmix
