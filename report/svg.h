// A drawing as SVG text, and the same drawing as PNG.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unmix {

// Text for the inside of an element or of an attribute in double quotes.
std::string escaped(std::string_view text);

// A number for an attribute: two decimals at most.
std::string coordinate(double value);

struct TextStyle {
  double size = 11.0;
  const char* anchor = "start";  // start, middle, end
  bool bold = false;
  const char* color = "#222";
};

class Svg {
 public:
  // `label` says what is to be seen, for who does not see it.
  Svg(double width, double height, std::string label) : width_(width), height_(height), label_(std::move(label)) {}

  double width() const { return width_; }
  const std::string& label() const { return label_; }

  // `style` is SVG attributes: fill="#fff" stroke="#000".
  void rect(double x, double y, double width, double height, std::string_view style);
  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void polyline(const std::vector<std::pair<double, double>>& points, std::string_view style);
  void circle(double x, double y, double radius, std::string_view style);
  void diamond(double x, double y, double radius, std::string_view style);
  void text(double x, double y, std::string_view text, const TextStyle& style = {});    // y: of the base line
  void image(double x, double y, double width, double height, const std::string& png);  // not smoothed
  void title(std::string_view text);  // shown over the element that is drawn next

  std::string inline_text() const;  // for a page
  std::string file_text() const;    // a file of its own

 private:
  void element(std::string_view start);
  std::string body(std::string_view attributes) const;

  double width_, height_;
  std::string label_, content_, title_;
};

// About the width of the text in the drawing's units.
double text_width(std::string_view text, double size);

// At most `most` characters of UTF-8, the end cut off for an ellipsis.
std::string shortened(const std::string& text, size_t most);

std::string base64(const std::string& bytes);

// A drawing as the bytes of a PNG file, with `scale` pixels for a unit.
std::string png_of(const Svg& svg, double scale);

// Writes <base>.svg and <base>.png, with `scale` pixels for a unit.
void write_drawing(const std::filesystem::path& base, const Svg& svg, double scale = 2.0);

}  // namespace unmix
