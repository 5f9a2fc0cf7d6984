// Pixels in memory, and a scale of colours for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unmix {

struct Color {
  uint8_t red, green, blue;
};

class Image {
 public:
  Image(int width, int height);  // black

  int width() const { return width_; }
  int height() const { return height_; }
  Color at(int x, int y) const;
  void set(int x, int y, Color color);

  std::string png() const;  // the bytes of a PNG file

 private:
  int width_, height_;
  std::vector<uint8_t> rgb_;
};

// Darkest at 0, brightest at 1, of even steps to the eye: between the points of matplotlib's "inferno" (public domain).
Color heat(double value);

}  // namespace unmix
