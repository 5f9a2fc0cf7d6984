// What a report is made of, read off folders that unmix or museval wrote.
//
// A folder is taken for what it holds:
//   scores.csv                             the output of `unmix demo`
//   NAME/result.json, or result.json       the output of `unmix experiments`, or one run of it
//   separator.json                         a model directory: training curves
//   SUBSET/TRACK.json, or TRACK.json       museval's scores, of `unmix evaluate`
#pragma once

#include <algorithm>

#include "report/scores.h"

namespace unmix {

// A training run's record.
struct Curve {
  std::string name;
  std::filesystem::path source;
  std::vector<double> train, valid, seconds;  // one each per epoch
  int best_epoch = 0;                         // from 1; 0: none
  double steps_per_epoch = 0.0;               // 0: the record does not say
  std::string device;
};

// The audio of a separated track; files by target.
struct Example {
  std::string track;
  std::string name;  // of the method
  std::filesystem::path source;
  std::filesystem::path mixture;  // empty: there is none
  std::map<std::string, std::filesystem::path> estimates, references;
};

struct Material {
  std::vector<Method> methods;
  std::vector<Curve> curves;
  std::vector<Example> examples;
  std::vector<std::string> problems;  // a line for each file or folder that was left out

  // Nothing of our own.
  bool empty() const {
    const auto ours = [](const Method& method) { return method.origin == Origin::ours; };
    return curves.empty() && examples.empty() && std::none_of(methods.begin(), methods.end(), ours);
  }
};

// Throws for a folder that is not there; all else that cannot be used is a problem. Runs of the same name get their
// parent folder's name before their own, as do those named like a published method.
Material read_material(const std::vector<std::filesystem::path>& folders, const std::vector<Method>& published);

}  // namespace unmix
