// What a run minimises: a loss of the registry, or a weighted sum of some: "L2freq + 0.5*SISDRfreq - 2 * PSA".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "losses/registry.h"

namespace unmix {

class Objective {
 public:
  struct Term {
    double weight;
    const LossEntry* loss;
  };

  // Throws UsageError for text that is no sum, with the place, and for unknown names, with the nearest ones. What the
  // context points to outlives the objective.
  explicit Objective(std::string_view text, LossContext context = {});

  const std::string& text() const { return text_; }
  bool operator==(const Objective& other) const { return text_ == other.text_; }
  const std::vector<Term>& terms() const { return terms_; }
  const LossContext& context() const { return context_; }
  Objective with(const LossContext& context) const;  // the same sum in another context
  Needs needs() const;
  double learning_rate() const;  // the study's; of a sum the smallest
  int64_t least_sources() const;
  bool uses(LossNetworks networks) const;  // whether a term brings such networks
  bool squared_statistics() const;         // whether a term wants squared input statistics
  std::string when_not_finite() const;     // the advice of the terms, or ""

  Var operator()(Signals& signals) const;

 private:
  std::string text_;
  std::vector<Term> terms_;
  LossContext context_;
};

}  // namespace unmix
