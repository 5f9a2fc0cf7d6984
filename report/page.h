// One HTML page that needs nothing beside it: drawings are part of it, pictures and sounds are data: addresses. It has
// no script.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/svg.h"
#include "report/tables.h"

namespace unmix {

class Page {
 public:
  explicit Page(std::string title) : title_(std::move(title)) {}

  void section(std::string_view heading);
  void subsection(std::string_view heading);
  void paragraph(std::string_view text);
  void list(const std::vector<std::string>& lines);
  void table(const Table& table);
  void folded(std::string_view summary, const Table& table);  // opened by a click; left out in print
  void charts(const std::vector<Svg>& charts);

  // Figures side by side where there is room, between begin_figures and end_figures.
  void begin_figures();
  void picture(const std::filesystem::path& png, std::string_view description);
  void player(std::string_view label, const std::filesystem::path& mp3);
  void end_figure();
  void end_figures();

  std::string text() const;

 private:
  std::string title_, body_;
};

}  // namespace unmix
