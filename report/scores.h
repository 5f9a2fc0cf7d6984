// Scores of separation methods, per target and track, and the published tables that they stand beside.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace unmix {

// Ratios of the two measures cannot be compared with each other.
enum class Measure {
  museval,     // BSSEval v4 in frames, the median over a track's frames
  whole_file,  // 10 log10(sum y^2 / sum (y - e)^2) over the track
};

enum class Origin {
  ours,
  published,
  reference,  // no separation of a mixture: ideal masks, and the mixture itself
};

constexpr std::array<const char*, 4> kMetrics{"SDR", "SIR", "ISR", "SAR"};
using Metrics = std::array<double, 4>;  // dB; NaN: none

struct Method {
  std::string name;
  Origin origin;
  Measure measure;
  std::filesystem::path source;                                       // the run's folder; empty: not a run
  std::map<std::string, std::map<std::string, Metrics>> scores = {};  // by target, then track

  bool has(const std::string& target) const { return scores.contains(target); }
  // Of the tracks that have a finite one; empty where the target is missing.
  std::vector<double> values(const std::string& target, size_t metric = 0) const;
};

// A row of a published table: the SDR of each target, without tracks.
struct TableRow {
  std::string name;
  std::string source;  // "study"
  std::map<std::string, double> sdr;

  std::string label() const { return name + " (" + source + ")"; }
};

// The targets of methods and table: vocals, accompaniment, drums, bass, other, then others by name.
std::vector<std::string> targets_of(const std::vector<Method>& methods, const std::vector<TableRow>& table = {});

// A track's museval JSON: the median over the frames, without those that are NaN, of each target. NaN and infinite
// values may stand in the file as bare words. Throws one line for a file that is none.
std::map<std::string, Metrics> read_museval(const std::filesystem::path& path);

// "method,track,target,SDR,SIR,ISR,SAR", a row per track. Throws, naming the line, for what is not so.
std::vector<Method> read_published(const std::filesystem::path& path);

// Published scores that come with the program: the 31 systems of SiSEC 2018, UMX and UMXHQ, the study's 19 losses.
std::vector<TableRow> published_table();

// "loss,vocals,drums,bass,other,mean" and the like: a name, then numbers; the column "mean" is left out.
std::vector<TableRow> read_table(const std::filesystem::path& path);

}  // namespace unmix
