#include "report/spectrograms.h"

#include <png.h>

#include <cmath>
#include <fstream>
#include <set>

#include "base/file.h"
#include "report/image.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

// By libpng, another way than it was written.
Image decoded(const std::string& bytes) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()), 0) << png.message;
  png.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(png));
  EXPECT_NE(png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr), 0) << png.message;
  Image image(static_cast<int>(png.width), static_cast<int>(png.height));
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const uint8_t* p = &pixels[static_cast<size_t>(y * image.width() + x) * 3];
      image.set(x, y, {p[0], p[1], p[2]});
    }
  return image;
}

Image read_png(const std::filesystem::path& path) { return decoded(read_file(path)); }

int brightness(Color c) { return c.red + c.green + c.blue; }

bool same(Color a, Color b) { return a.red == b.red && a.green == b.green && a.blue == b.blue; }

// Rows of the picture's column `x` whose color is brighter than half: where a spectrogram is loud.
std::set<int> bright_rows(const Image& image, int x) {
  std::set<int> rows;
  for (int y = 72; y < 268; ++y)  // inside the panel
    if (image.at(x, y).red > 240 && image.at(x, y).blue < 200) rows.insert(y);
  return rows;
}

TEST(Image, PixelsComeBackFromItsPng) {
  Image image(31, 17);
  image.set(3, 4, {255, 0, 1});
  image.set(30, 16, {10, 20, 30});
  const Image read = decoded(image.png());
  ASSERT_EQ(read.width(), 31);
  ASSERT_EQ(read.height(), 17);
  EXPECT_TRUE(same(read.at(3, 4), {255, 0, 1}));
  EXPECT_TRUE(same(read.at(30, 16), {10, 20, 30}));
  EXPECT_TRUE(same(read.at(0, 0), {0, 0, 0}));
}

TEST(Image, HeatRisesInBrightness) {
  for (int i = 1; i <= 100; ++i) EXPECT_GT(brightness(heat(i / 100.0)), brightness(heat((i - 1) / 100.0)) - 12) << i;
  EXPECT_TRUE(same(heat(-HUGE_VAL), heat(0.0)));
  EXPECT_TRUE(same(heat(2.0), heat(1.0)));
  EXPECT_GT(brightness(heat(1.0)), brightness(heat(0.5)) + 100);
}

TEST(Picture, ASheetShowsTonesWhereTheyAre) {
  const TemporaryFolder folder;
  const Audio low = test::tone(44100, 1, 44100, 300), high = test::tone(44100, 1, 44100, 8000);
  Audio silence = test::tone(44100, 1, 44100);
  std::fill(silence.samples.begin(), silence.samples.end(), 0.0f);
  write_spectrograms(folder / "sheet.png", "Three", {{"low", &low}, {"high", &high}, {"nothing", &silence}}, {3});
  const Image sheet = read_png(folder / "sheet.png");
  EXPECT_EQ(sheet.width(), 3 * (46 + 560 + 14) + 76);
  EXPECT_EQ(sheet.height(), 44 + 26 + 200 + 24 + 8);
  const auto rows_low = bright_rows(sheet, 46 + 280), rows_high = bright_rows(sheet, 620 + 46 + 280);
  ASSERT_FALSE(rows_low.empty());
  ASSERT_FALSE(rows_high.empty());
  // 300 Hz and 8 kHz on the mel axis from 0 to 16 kHz: 11.3 % and 79.7 % of the height.
  const double lowest = 270.0;
  EXPECT_NEAR(lowest - *rows_low.begin(), 0.113 * 200, 8);
  EXPECT_NEAR(lowest - *rows_high.begin(), 0.797 * 200, 8);
  EXPECT_LT(rows_low.size() + rows_high.size(), 30u);
  // The scale of colours, 12 pixels wide, its loud end above.
  for (int x = 3 * 620 + 6; x < 3 * 620 + 18; ++x) EXPECT_TRUE(same(sheet.at(x, 70), heat(1.0))) << x;
  for (int x = 1240 + 46; x < 1240 + 46 + 560; x += 10) EXPECT_TRUE(same(sheet.at(x, 150), heat(0.0)));
}

// Titles are drawn by fonts of the system: names need not be ASCII.
TEST(Picture, TitlesOfAnyLanguageAreDrawn) {
  const TemporaryFolder folder;
  const Audio tone = test::tone(44100, 1, 4410);
  const auto dark_pixels = [&](const std::string& title) {
    write_spectrograms(folder / "sheet.png", "", {{title, &tone}});
    const Image sheet = read_png(folder / "sheet.png");
    int dark = 0;
    for (int y = 44; y < 68; ++y)
      for (int x = 46; x < 300; ++x) dark += brightness(sheet.at(x, y)) < 600 ? 1 : 0;
    return dark;
  };
  EXPECT_EQ(dark_pixels(""), 0);
  EXPECT_GT(dark_pixels("voix chantée"), 50);
  EXPECT_GT(dark_pixels("éàô"), dark_pixels("eao"));
}

TEST(Picture, ShortAndLowRateSignalsFit) {
  const TemporaryFolder folder;
  const Audio click{8000, 2, {1.0f, 0.0f, 0.5f, 0.0f}}, tone = test::tone(16000, 2, 300);
  write_spectrograms(folder / "sheet.png", "Short", {{"click", &click}, {"tone", &tone}});
  const Image sheet = read_png(folder / "sheet.png");
  EXPECT_GT(brightness(sheet.at(47, 200)), brightness(heat(0.2)));
}

TEST(Picture, WhatCannotBeDrawnIsRefused) {
  const TemporaryFolder folder;
  const Audio empty{44100, 2, {}}, tone = test::tone(44100, 1, 4410);
  EXPECT_THAT(error_of([&] { write_spectrograms(folder / "a.png", "", {}); }), HasSubstr("needs one panel or more"));
  EXPECT_THAT(error_of([&] {
                write_spectrograms(folder / "a.png", "", {{"bass", &empty}});
              }),
              HasSubstr("panel 'bass' has no samples"));
  EXPECT_THAT(error_of([&] {
                write_spectrograms(folder / "none/a.png", "", {{"tone", &tone}});
              }),
              HasSubstr("is not an existing folder"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.png"));
}

}  // namespace
}  // namespace unmix
