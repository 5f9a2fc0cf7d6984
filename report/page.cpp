#include "report/page.h"

#include <fmt/core.h>

#include "base/file.h"

namespace unmix {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 68rem; padding: 0 1rem 3rem; color: #1c1e22; background: #fff;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.5rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .5rem; padding-top: .6rem; border-top: 1px solid #d5d8de; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; }
p, ul { max-width: 46rem; margin: .5rem 0; }
.table { overflow-x: auto; margin: .7rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #e2e4e8; text-align: left; font-weight: normal;
  white-space: nowrap; }
thead th { border-bottom: 2px solid #888; font-weight: 600; }
.number { text-align: right; }
.ours { background: #e6f1f8; }
.ours th { font-weight: 600; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 1.2rem;
  align-items: start; margin: .8rem 0; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure svg, figure img { display: block; width: 100%; height: auto; max-width: 32rem; }
figure label { display: grid; grid-template-columns: 9rem 1fr; align-items: center; font-size: .9rem; margin: .2rem 0;
  max-width: 32rem; }
audio { width: 100%; height: 2.2rem; }
summary { cursor: pointer; color: #00507d; padding: .4rem 0; }
@media (max-width: 30rem) {
  body { padding: 0 .7rem 2rem; }
  th, td { padding: .2rem .4rem; }
  thead th:first-child, tbody th { position: sticky; left: 0; background: #fff; }
  .ours th { background: #e6f1f8; }
  figure label { grid-template-columns: 1fr; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  .grid { grid-template-columns: 1fr 1fr; }
  .table { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding: .1rem .4rem; }
  tr { break-inside: avoid; }
  h2, h3, h2 + p, h3 + p { break-after: avoid; }
  audio, figure label, details { display: none; }
}
)";

std::string data_address(const char* type, const std::filesystem::path& file) {
  return fmt::format("data:{};base64,{}", type, base64(read_file(file)));
}

}  // namespace

void Page::section(std::string_view heading) { body_ += fmt::format("<h2>{}</h2>\n", escaped(heading)); }

void Page::subsection(std::string_view heading) { body_ += fmt::format("<h3>{}</h3>\n", escaped(heading)); }

void Page::paragraph(std::string_view text) { body_ += fmt::format("<p>{}</p>\n", escaped(text)); }

void Page::list(const std::vector<std::string>& lines) {
  body_ += "<ul>\n";
  for (const std::string& line : lines) body_ += fmt::format("<li>{}</li>\n", escaped(line));
  body_ += "</ul>\n";
}

void Page::table(const Table& table) { body_ += html(table); }

void Page::folded(std::string_view summary, const Table& table) {
  body_ += fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), html(table));
}

void Page::charts(const std::vector<Svg>& charts) {
  body_ += "<div class=\"grid\">\n";
  for (const Svg& chart : charts) body_ += fmt::format("<figure>{}</figure>\n", chart.inline_text());
  body_ += "</div>\n";
}

void Page::begin_figures() { body_ += "<div class=\"grid\">\n"; }

void Page::picture(const std::filesystem::path& png, std::string_view description) {
  body_ += fmt::format("<figure><img alt=\"{}\" src=\"{}\">\n", escaped(description), data_address("image/png", png));
}

void Page::player(std::string_view label, const std::filesystem::path& mp3) {
  body_ += fmt::format("<label><span>{}</span><audio controls preload=\"none\" src=\"{}\"></audio></label>\n",
                       escaped(label), data_address("audio/mpeg", mp3));
}

void Page::end_figure() { body_ += "</figure>\n"; }

void Page::end_figures() { body_ += "</div>\n"; }

std::string Page::text() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n{2}</body>\n</html>\n",
      escaped(title_), kStyle, body_);
}

}  // namespace unmix
