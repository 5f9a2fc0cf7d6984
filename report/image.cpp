#include "report/image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace unmix {
namespace {

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

constexpr int kHeatLevels = 160;  // half a decibel each over 80: few colours make small files

uint8_t between(uint8_t a, uint8_t b, double part) { return static_cast<uint8_t>(std::lround(a + part * (b - a))); }

}  // namespace

Image::Image(int width, int height) : width_(width), height_(height) {
  check(width > 0 && height > 0, "image", "a picture of {} x {} pixels is not possible", width, height);
  rgb_.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
}

Color Image::at(int x, int y) const {
  const uint8_t* pixel = &rgb_[(static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) * 3];
  return {pixel[0], pixel[1], pixel[2]};
}

void Image::set(int x, int y, Color color) {
  uint8_t* pixel = &rgb_[(static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) * 3];
  pixel[0] = color.red, pixel[1] = color.green, pixel[2] = color.blue;
}

std::string Image::png() const {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(width_);
  png.height = static_cast<png_uint_32>(height_);
  png.format = PNG_FORMAT_RGB;
  png.flags = PNG_IMAGE_FLAG_FAST;  // no filters: they nearly double a picture of few colours
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  const int done = png_image_write_to_memory(&png, bytes.data(), &size, 0, rgb_.data(), 0, nullptr);
  check(done != 0, "image", "the picture has no PNG: {}", png.message);
  bytes.resize(size);
  return bytes;
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
