// Numbers, names and comma-separated values as texts.
#include "base/text.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/csv.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Text, NumbersAreWholeAndFinite) {
  EXPECT_EQ(parse_number("3.5"), 3.5);
  EXPECT_EQ(parse_number("+2"), 2.0);
  EXPECT_EQ(parse_number("-1e-3"), -1e-3);
  for (const char* text : {"", "3,5", "0x10", "nan", "inf", "-inf", "1 ", " 1", "1 s", "+-1", "++1", "1e999", "--1"})
    EXPECT_FALSE(parse_number(text).has_value()) << text;
}

TEST(Text, NamesOfFilesAreNoPaths) {
  for (const char* name : {"vocals", "a b", "..x", ".x"}) EXPECT_TRUE(can_name_file(name)) << name;
  for (const char* name : {"", ".", "..", "a/b", "/a", "../x"}) EXPECT_FALSE(can_name_file(name)) << name;
  EXPECT_FALSE(can_name_file(std::string_view("a\0b", 3)));
}

class CsvText : public ::testing::Test {
 protected:
  Csv read(const std::string& text) {
    write_file(folder_ / "a.csv", text);
    return read_csv(folder_ / "a.csv");
  }
  TemporaryFolder folder_;
};

TEST_F(CsvText, QuotesLinesAndCommasAreCells) {
  const Csv csv = read("\xef\xbb\xbfname,\"a \"\"b\"\"\"\r\n\"x,y\",1.5\r\n\n\"two\nlines\",\ninch 5\",nan");
  EXPECT_THAT(csv.header, ElementsAre("name", "a \"b\""));
  ASSERT_EQ(csv.rows.size(), 3u);
  EXPECT_EQ(csv.rows[0][0], "x,y");
  EXPECT_EQ(csv.number(0, 1), 1.5);
  EXPECT_EQ(csv.rows[1][0], "two\nlines");
  EXPECT_TRUE(std::isnan(csv.number(1, 1)));
  EXPECT_EQ(csv.rows[2][0], "inch 5\"");
  EXPECT_TRUE(std::isnan(csv.number(2, 1)));
  EXPECT_THAT(csv.lines, ElementsAre(2u, 4u, 6u));
}

TEST_F(CsvText, WhatIsNoneIsNamedWithItsLine) {
  EXPECT_THAT(error_of([&] { read("a,b\n1,2\n1,2,3\n"); }),
              HasSubstr("a.csv line 3: it has 3 cells, the first line 2"));
  EXPECT_THAT(error_of([&] { read("a,b\n\"1\n\n,2\n"); }),
              HasSubstr("a.csv line 2: a quote is opened and never closed"));
  EXPECT_THAT(error_of([&] { read("a,b\n1,\"3,5\"\n").number(0, 1); }), HasSubstr("line 2: '3,5' in column b is not"));
  EXPECT_THAT(error_of([&] { read(""); }), HasSubstr("empty"));
}

}  // namespace
}  // namespace unmix::test
