// The report's tables, as Markdown, CSV and HTML.
#pragma once

#include "report/significance.h"

namespace unmix {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  size_t texts = 1;               // columns of words, at the left; the others are numbers
  std::vector<bool> marked = {};  // rows of our runs

  void add(std::vector<std::string> row, bool mark = false);
};

std::string markdown(const Table& table);
std::string csv(const Table& table);
std::string html(const Table& table);

// A row per method, all of one measure, by falling SDR of its first target: the SDR of each target over the tracks
// (median of museval's, mean of whole files' scores) and the number of tracks. The rows of `published` have no tracks.
Table summary_table(const std::vector<Method>& methods, Measure measure, const std::vector<TableRow>& published);

// A row per method and target: tracks, medians of the four ratios, quartiles and mean of SDR.
Table full_table(const std::vector<Method>& methods);

// A row per method of ours scored by museval, target and track, as read_published reads it.
Table track_table(const std::vector<Method>& methods);

// A row per pair of methods.
Table pair_table(const std::vector<Comparison>& comparisons);

// A row per measure and target: methods, tracks, Friedman's test, pairs that differ.
Table friedman_table(const std::vector<Comparison>& comparisons);

const char* name_of(Measure measure);

}  // namespace unmix
