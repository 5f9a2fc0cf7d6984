// Published SDR in dB on the 50 test tracks of MUSDB18 by BSSEval v4: the median over the tracks of each track's
// median over frames of one second.
//   SiSEC 2018   medians of the tracks' scores in the results of the campaign (sigsep-mus-2018; Stöter, Liutkus, Ito,
//                "The 2018 Signal Separation Evaluation Campaign", LVA/ICA 2018); IBM, IRM and MWF are oracles, MIX is
//                the mixture itself
//   Open-Unmix   the README of open-unmix-pytorch
//   study        Gusó, Pons, Pascual, Serrà, "On Loss Functions and Evaluation Metrics for Music Source Separation",
//                ICASSP 2022
#include <cmath>

#include "report/scores.h"

namespace unmix {
namespace {

const char *const kSisec = "SiSEC 2018", *const kOpenUnmix = "Open-Unmix", *const kStudy = "study";
const double kNone = std::nan("");

struct Row {
  const char *name, *source;
  double vocals, accompaniment, drums, bass, other;
};

// clang-format off
const Row kRows[] = {
    {"2DFT", kSisec, 0.56, 5.84, kNone, kNone, kNone},
    {"HEL1", kSisec, 0.09, kNone, 0.08, -0.33, 0.26},
    {"HPLP", kSisec, -3.05, 2.63, kNone, kNone, kNone},
    {"HPSS", kSisec, -0.34, 4.37, kNone, kNone, kNone},
    {"IBM1", kSisec, 7.67, 10.03, 7.09, 5.19, 5.89},
    {"IBM2", kSisec, 7.74, 8.69, 7.26, 5.40, 6.01},
    {"IRM1", kSisec, 8.52, 14.50, 7.33, 6.18, 6.92},
    {"IRM2", kSisec, 9.43, 15.64, 8.45, 7.12, 7.85},
    {"JY1", kSisec, 5.57, 11.81, 4.60, 3.18, 3.45},
    {"JY2", kSisec, 5.69, 11.90, 4.76, 3.58, 3.70},
    {"JY3", kSisec, 5.74, 12.08, 4.66, 3.67, 3.40},
    {"MDL1", kSisec, 4.02, 9.92, kNone, kNone, kNone},
    {"MDLT", kSisec, 3.88, 9.94, kNone, kNone, kNone},
    {"MELO", kSisec, 1.97, 7.20, kNone, kNone, kNone},
    {"MIX", kSisec, 1.12, 6.32, 1.33, 0.67, 1.16},
    {"MWF", kSisec, 9.13, 15.40, 8.09, 6.75, 7.56},
    {"REP1", kSisec, 0.21, 5.57, kNone, kNone, kNone},
    {"REP2", kSisec, 2.30, 7.37, kNone, kNone, kNone},
    {"RGT1", kSisec, 3.85, kNone, 3.44, 2.70, 2.63},
    {"RGT2", kSisec, 2.56, kNone, 2.29, 1.71, 1.93},
    {"RPCA", kSisec, 0.05, 5.43, kNone, kNone, kNone},
    {"STL1", kSisec, 4.97, 11.11, kNone, kNone, kNone},
    {"STL2", kSisec, 3.25, kNone, 4.22, 3.21, 2.25},
    {"TAK1", kSisec, 6.60, 12.83, 6.43, 5.16, 4.15},
    {"TAK2", kSisec, 7.16, 13.74, 6.81, 5.40, 4.80},
    {"TAK3", kSisec, 6.80, 13.29, 6.82, 5.29, 4.40},
    {"TAU1", kSisec, 7.15, 13.47, 6.96, 5.86, 4.73},
    {"UHL1", kSisec, 5.85, 12.11, 5.51, 4.97, 4.03},
    {"UHL2", kSisec, 5.93, 12.23, 5.92, 5.03, 4.19},
    {"UHL3", kSisec, 6.51, 12.68, 6.72, 5.03, 4.43},
    {"WK", kSisec, 3.76, 10.10, 4.00, 2.94, 2.43},
    {"UMX", kOpenUnmix, 6.32, kNone, 5.73, 5.23, 4.02},
    {"UMXHQ", kOpenUnmix, 6.25, kNone, 6.04, 5.07, 4.28},
    {"L1freq", kStudy, 5.95, kNone, 5.58, 4.24, 3.90},
    {"L2freq", kStudy, 6.40, kNone, 5.86, 5.28, 4.57},
    {"L1mask", kStudy, 5.10, kNone, 4.14, 2.88, 2.53},
    {"L2mask", kStudy, 4.74, kNone, 4.39, 2.41, 2.71},
    {"L1time", kStudy, 4.63, kNone, 4.80, 3.53, 3.01},
    {"L2time", kStudy, 4.55, kNone, 4.25, 3.06, 2.92},
    {"SISDRtime", kStudy, 6.24, kNone, 5.76, 5.06, 4.37},
    {"SISDRfreq", kStudy, 6.26, kNone, 6.09, 5.55, 4.54},
    {"SDSDRtime", kStudy, 6.02, kNone, 5.84, 4.99, 4.37},
    {"LogL1time", kStudy, 5.95, kNone, 5.82, 5.23, 4.35},
    {"LogL2time", kStudy, 5.88, kNone, 5.81, 5.04, 4.10},
    {"LogL1freq", kStudy, 6.28, kNone, 5.90, 5.49, 4.44},
    {"LogL2freq", kStudy, 6.15, kNone, 5.79, 5.38, 4.36},
    {"PSA", kStudy, 6.18, kNone, 6.17, 5.10, 4.33},
    {"Dissimilarity", kStudy, 6.04, kNone, 5.66, 5.17, 4.38},
    {"MRS", kStudy, 5.82, kNone, 5.11, 4.48, 3.57},
    {"DeepFeature", kStudy, 6.14, kNone, 5.89, 4.80, 4.30},
    {"Adversarial", kStudy, 6.50, kNone, 6.15, 5.20, 4.47},
    {"Combination", kStudy, 5.38, kNone, 5.43, 3.94, 3.22},
};
// clang-format on

}  // namespace

std::vector<TableRow> published_table() {
  std::vector<TableRow> table;
  for (const Row& row : kRows) {
    TableRow published{row.name, row.source, {}};
    for (const auto& [target, sdr] : {std::pair{"vocals", row.vocals},
                                      {"accompaniment", row.accompaniment},
                                      {"drums", row.drums},
                                      {"bass", row.bass},
                                      {"other", row.other}})
      if (!std::isnan(sdr)) published.sdr[target] = sdr;
    table.push_back(std::move(published));
  }
  return table;
}

}  // namespace unmix
