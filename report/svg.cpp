#include "report/svg.h"

#include <fmt/core.h>

#include <cmath>
#include <cstdint>

#include "base/text.h"

namespace unmix {
namespace {

constexpr const char* kFont = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : to_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (byte >= ' ' || c == '\n' || c == '\t')
      result += c;
    else
      result += ' ';  // XML has no other control characters
  }
  return result;
}

std::string base64(const std::string& bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t j = i; j < i + 3; ++j) word = word << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kDigits[word >> (18 - 6 * j) & 63];
  }
  return text;
}

std::string coordinate(double value) { return fmt::format("{:g}", std::round(value * 100.0) / 100.0); }

void Svg::element(std::string_view start) {
  content_ += title_.empty() ? fmt::format("{}/>\n", start)
                             : fmt::format("{}>{}</{}>\n", start, title_, start.substr(1, start.find(' ') - 1));
  title_.clear();
}

void Svg::rect(double x, double y, double width, double height, std::string_view style) {
  element(fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" {})", coordinate(x), coordinate(y),
                      coordinate(width), coordinate(height), style));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  element(fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" {})", coordinate(x1), coordinate(y1), coordinate(x2),
                      coordinate(y2), style));
}

void Svg::polyline(const std::vector<std::pair<double, double>>& points, std::string_view style) {
  std::string list;
  for (const auto& [x, y] : points)
    list += fmt::format("{}{},{}", list.empty() ? "" : " ", coordinate(x), coordinate(y));
  element(fmt::format(R"(<polyline points="{}" fill="none" {})", list, style));
}

void Svg::circle(double x, double y, double radius, std::string_view style) {
  element(fmt::format(R"(<circle cx="{}" cy="{}" r="{}" {})", coordinate(x), coordinate(y), coordinate(radius), style));
}

void Svg::diamond(double x, double y, double radius, std::string_view style) {
  element(fmt::format(R"(<polygon points="{0},{1} {2},{3} {0},{4} {5},{3}" {6})", coordinate(x), coordinate(y - radius),
                      coordinate(x + radius), coordinate(y), coordinate(y + radius), coordinate(x - radius), style));
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  content_ += fmt::format(R"(<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}>{}</text>)", coordinate(x),
                          coordinate(y), coordinate(style.size), style.anchor, style.color,
                          style.bold ? R"( font-weight="bold")" : "", escaped(text)) +
              "\n";
}

void Svg::image(double x, double y, double width, double height, const std::string& png) {
  element(fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" image-rendering=\"pixelated\" "
      "href=\"data:image/png;base64,{}\"",
      coordinate(x), coordinate(y), coordinate(width), coordinate(height), base64(png)));
}

void Svg::title(std::string_view text) { title_ = fmt::format("<title>{}</title>", escaped(text)); }

std::string Svg::body(std::string_view attributes) const {
  return fmt::format(R"(<svg{} viewBox="0 0 {} {}" role="img" aria-label="{}" font-family="{}">{}{}</svg>)", attributes,
                     coordinate(width_), coordinate(height_), escaped(label_), kFont, "\n", content_) +
         "\n";
}

std::string Svg::inline_text() const { return body(""); }

std::string Svg::file_text() const {
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
                     body(fmt::format(R"( xmlns="http://www.w3.org/2000/svg" width="{}" height="{}")",
                                      coordinate(width_), coordinate(height_))));
}

double text_width(std::string_view text, double size) {
  double characters = 0.0;
  for (const char byte : text) characters += starts_character(byte);
  return 0.62 * size * characters;  // DejaVu Sans, the widest of the fonts named
}

std::string shortened(const std::string& text, size_t most) {
  size_t characters = 0, cut = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!starts_character(text[i])) continue;
    if (characters == most - 1) cut = i;
    if (++characters > most) return text.substr(0, cut) + "…";
  }
  return text;
}

}  // namespace unmix
