// `unmix report`: one page with tables, charts and examples of the results of runs, beside published ones.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix {

struct ReportOptions {
  std::vector<std::filesystem::path> folders;  // report/material.h says which
  std::filesystem::path output;                // made where it is missing
  bool published = false;                      // show the table of published scores that comes with the program
  std::filesystem::path sisec = {};            // scores of tracks, method,track,target,SDR,SIR,ISR,SAR; empty: none
  std::filesystem::path study = {};            // a table of results, loss,vocals,drums,bass,other; empty: none
};

struct WrittenReport {
  std::filesystem::path page;
  std::vector<std::string> problems;  // a line for each file or folder that was left out
};

// Writes into the output folder index.html, report.md, scores.csv, tracks.csv (scores of museval) and significance.csv,
// charts/*.svg and *.png, examples/*.png and *.mp3. Throws where no folder holds anything, nothing written then.
WrittenReport write_report(const ReportOptions& options);

}  // namespace unmix
