// The table of losses: the command line, the documentation and the tests read it. A loss is a function of Signals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "losses/signals.h"

namespace unmix {

// seed: as the code of the study computes it; paper: as its text defines it. A loss with one form ignores the choice.
enum class Variant { seed, paper };

struct LossEntry {
  std::string_view name;
  std::string_view domain;    // "magnitude", "waveform", "mask"
  std::string_view formula;   // of the seed variant, in plain text
  std::string_view paper;     // of the paper variant
  std::string_view source;    // file
  double learning_rate;       // the study's
  bool needs_waveforms;       // reads waveforms; otherwise they are freed once their spectra are known
  Var (*compute)(Signals& signals, Variant variant);
};

const std::vector<LossEntry>& loss_registry();

// The table in Markdown, as the README shows it.
std::string loss_table_markdown();

// Throws UsageError, with the nearest names, where there is no such loss. Upper and lower case are the same.
const LossEntry& find_loss(std::string_view name);

}  // namespace unmix
