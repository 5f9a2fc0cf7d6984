// The table of losses: the command line, the documentation and the tests read it. A loss is a function of Signals and,
// where it needs networks of its own, of a LossContext.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "losses/gan.h"
#include "losses/signals.h"

namespace unmix {

// seed: as the code of the study computes it; paper: as its text defines it. A loss with one form ignores the choice.
enum class Variant { seed, paper };

class Vggish;
class Discriminators;

// What a loss computes with beside the signals.
struct LossContext {
  Variant variant = Variant::seed;
  const Vggish* features = nullptr;                // of DeepFeature
  const Discriminators* discriminators = nullptr;  // of Adversarial
  Gan gan = Gan::lsgan;
  float feature_matching = 0.0f;  // its weight in Adversarial
  bool validation = false;        // leaves out what depends on the discriminators of the moment
};

using LossFunction = Var(Signals& signals, const LossContext& context);

struct LossEntry {
  std::string_view name;
  std::string_view domain;   // "magnitude", "waveform", "mask"
  std::string_view formula;  // of the seed variant, in plain text; "-": it is the paper's
  std::string_view paper;    // of the paper variant; "-": it is the seed's
  std::string_view source;   // file
  double learning_rate;      // the study's
  Needs needs;
  LossFunction* compute;
};

const std::vector<LossEntry>& loss_registry();

// The table in Markdown, as docs/losses.md shows it.
std::string loss_table_markdown();

// Throws UsageError, with the nearest names, where there is no such loss. Upper and lower case are the same.
const LossEntry& find_loss(std::string_view name);

}  // namespace unmix
