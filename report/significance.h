// Which methods differ: tests over the tracks that they share, for each measure and target.
#pragma once

#include <optional>

#include "evaluation/statistics.h"
#include "report/scores.h"

namespace unmix {

// Methods a and b of a comparison; a has the higher median.
struct Pair {
  size_t a, b, tracks;
  double difference;  // median of a - b, dB
  Wilcoxon test;
  double corrected;  // p after Holm, over all pairs of the comparison that share a track
};

struct Comparison {
  std::string target;
  Measure measure;
  std::vector<std::string> names;  // by falling median SDR
  std::vector<Pair> pairs;         // those that share a track
  size_t common = 0;               // tracks that all methods have
  std::optional<Friedman> all;     // over these; none for fewer than three methods or no common track
};

constexpr double kSignificant = 0.05;

// Wilcoxon's test over fewer tracks cannot reach it: the smallest exact p of n tracks is 2 / 2^n.
constexpr size_t kLeastTracks = 6;

// Whether any pair shares enough tracks to be told apart.
bool can_differ(const Comparison& comparison);

// Of every measure and target that two methods or more have.
std::vector<Comparison> comparisons(const std::vector<Method>& methods);

}  // namespace unmix
