// The table of losses: the command line, the documentation and the tests read it, and no other file knows a loss by
// name. A loss is an entry in a file of its own (losses/l2freq.cpp is the shortest example).
#pragma once

#include <list>
#include <string>
#include <string_view>

#include "losses/gan.h"
#include "losses/signals.h"

namespace unmix {

// code: as the code of the study computes a loss; paper: as its text defines it. A loss with one form ignores the
// choice.
enum class Variant { code, paper };

// "seed" is the older name of "code".
inline constexpr Choice<Variant> variant_names[] = {
    {"code", Variant::code}, {"paper", Variant::paper}, {"seed", Variant::code}};

class Vggish;
class Discriminators;

// What a loss computes with beside the signals.
struct LossContext {
  Variant variant = Variant::code;
  const Vggish* features = nullptr;                // of LossNetworks::features
  const Discriminators* discriminators = nullptr;  // of LossNetworks::discriminators
  Gan gan = Gan::lsgan;
  float feature_matching = 0.0f;  // the weight of the distance between discriminators' features
  bool validation = false;        // leaves out what depends on the discriminators of the moment
};

// Networks that a loss brings along.
enum class LossNetworks {
  none,
  discriminators,  // one per source, trained in turn with the separator
  features,        // a frozen VGGish
};

// Formulas are plain text; an empty one is the same as the other. At least one is given.
struct LossEntry {
  std::string_view name;
  std::string_view domain;      // "magnitude", "waveform", "mask"
  std::string_view code = {};   // the formula of Variant::code
  std::string_view paper = {};  // the formula of Variant::paper
  std::string_view source;      // the file
  double learning_rate = 1e-3;  // the study's
  Needs needs = {};
  int64_t least_sources = 1;
  LossNetworks networks = LossNetworks::none;
  bool squared_statistics = false;  // the network's input statistics are squared, as the study's code trains with it
  std::string_view when_not_finite = {};  // what to do where the loss has become NaN or infinite
  Var (*compute)(Signals& signals, const LossContext& context);

  Var operator()(Signals& signals, const LossContext& context) const { return compute(signals, context); }
};

const std::list<LossEntry>& loss_registry();

// Adds a loss from outside the library while it lives, as a global variable or in main. Throws where the name is taken.
class LossRegistration {
 public:
  explicit LossRegistration(const LossEntry& entry);
  ~LossRegistration();
  LossRegistration(const LossRegistration&) = delete;
  LossRegistration& operator=(const LossRegistration&) = delete;

 private:
  std::string_view name_;
};

// The table in Markdown, as docs/losses.md shows it.
std::string loss_table_markdown();

// Throws UsageError, with the nearest names, where there is no such loss. Upper and lower case are the same.
const LossEntry& find_loss(std::string_view name);

// "Adversarial": the names of the losses that bring such networks, separated by " and ".
std::string names_of_losses_with(LossNetworks networks);

}  // namespace unmix
