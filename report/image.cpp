#include "report/image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "report/font.h"

namespace unmix {
namespace {

static_assert(kTextHeight == kGlyphHeight);
constexpr int kAdvance = kGlyphWidth + 1;

// One point per eighth of the range.
constexpr std::array<Color, 9> kHeat{{{0, 0, 4},
                                      {31, 12, 72},
                                      {85, 15, 109},
                                      {136, 34, 106},
                                      {186, 54, 85},
                                      {227, 89, 51},
                                      {249, 140, 10},
                                      {249, 201, 50},
                                      {252, 255, 164}}};

constexpr int kHeatLevels = 160;  // half a decibel each over 80; with text and axes they fit a palette of 256

uint8_t between(uint8_t a, uint8_t b, double part) { return static_cast<uint8_t>(std::lround(a + part * (b - a))); }

}  // namespace

Image::Image(int width, int height, Color background) : width_(width), height_(height) {
  check(width > 0 && height > 0, "image", "a picture of {} x {} pixels is not possible", width, height);
  rgb_.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  fill(0, 0, width, height, background);
}

Color Image::at(int x, int y) const {
  const uint8_t* pixel = &rgb_[(static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) * 3];
  return {pixel[0], pixel[1], pixel[2]};
}

void Image::set(int x, int y, Color color) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel = &rgb_[(static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) * 3];
  pixel[0] = color.red, pixel[1] = color.green, pixel[2] = color.blue;
}

void Image::fill(int x, int y, int width, int height, Color color) {
  for (int row = y; row < y + height; ++row)
    for (int column = x; column < x + width; ++column) set(column, row, color);
}

void Image::text(int x, int y, std::string_view text, Color color, int scale) {
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const uint64_t glyph = kGlyphs[static_cast<size_t>(code < ' ' || code > '~' ? '?' : code) - ' '];
    for (int i = 0; i < kGlyphWidth * kGlyphHeight; ++i)
      if (glyph >> (kGlyphWidth * kGlyphHeight - 1 - i) & 1)
        fill(x + i % kGlyphWidth * scale, y + i / kGlyphWidth * scale, scale, scale, color);
    x += kAdvance * scale;
  }
}

int Image::text_width(std::string_view text, int scale) {
  return text.empty() ? 0 : (static_cast<int>(text.size()) * kAdvance - 1) * scale;
}

void Image::write_png(const std::filesystem::path& path) const {
  // An index into a palette is a third of the bytes, and spectrograms have few colours.
  std::map<std::array<uint8_t, 3>, uint8_t> palette;
  std::vector<uint8_t> indices;
  for (size_t i = 0; i < rgb_.size(); i += 3) {
    const auto entry =
        palette.emplace(std::array{rgb_[i], rgb_[i + 1], rgb_[i + 2]}, static_cast<uint8_t>(palette.size()));
    if (palette.size() > 256) break;
    indices.push_back(entry.first->second);
  }
  std::vector<uint8_t> colors(palette.size() * 3);
  for (const auto& [color, index] : palette) std::copy(color.begin(), color.end(), &colors[size_t{index} * 3]);

  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(width_);
  png.height = static_cast<png_uint_32>(height_);
  const bool indexed = palette.size() <= 256;
  png.format = indexed ? PNG_FORMAT_RGB_COLORMAP : PNG_FORMAT_RGB;
  png.colormap_entries = indexed ? static_cast<png_uint_32>(palette.size()) : 0;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  const int done = png_image_write_to_memory(&png, bytes.data(), &size, 0, indexed ? indices.data() : rgb_.data(), 0,
                                             indexed ? colors.data() : nullptr);
  check(done != 0, "image", "cannot write {}: {}", path.string(), png.message);
  bytes.resize(size);
  write_file(path, bytes);
}

Color heat(double value) {
  const double level = std::round(std::clamp(value, 0.0, 1.0) * kHeatLevels) / kHeatLevels;
  const double at = level * (kHeat.size() - 1);
  const size_t below = std::min(static_cast<size_t>(at), kHeat.size() - 2);
  const double part = at - static_cast<double>(below);
  const Color &a = kHeat[below], &b = kHeat[below + 1];
  return {between(a.red, b.red, part), between(a.green, b.green, part), between(a.blue, b.blue, part)};
}

}  // namespace unmix
