// A picture in memory: boxes, text in a small bitmap font, PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace unmix {

struct Color {
  uint8_t red, green, blue;
};

class Image {
 public:
  Image(int width, int height, Color background);

  int width() const { return width_; }
  int height() const { return height_; }
  Color at(int x, int y) const;
  void set(int x, int y, Color color);  // outside the picture: nothing

  void fill(int x, int y, int width, int height, Color color);
  // Printable ASCII (other bytes show as '?'), its upper left corner at (x, y); 7 scale pixels high.
  void text(int x, int y, std::string_view text, Color color, int scale = 1);
  static int text_width(std::string_view text, int scale = 1);

  // Atomic.
  void write_png(const std::filesystem::path& path) const;

 private:
  int width_, height_;
  std::vector<uint8_t> rgb_;
};

constexpr int kTextHeight = 7;

// Darkest at 0, brightest at 1, of even steps to the eye: between the points of matplotlib's "inferno" (public domain).
Color heat(double value);

}  // namespace unmix
