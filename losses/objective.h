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

  const std::vector<Term>& terms() const { return terms_; }
  const LossContext& context() const { return context_; }
  Objective with(const LossContext& context) const;  // the same sum in another context
  Needs needs() const;
  double learning_rate() const;  // the study's; of a sum the smallest
  bool contains(std::string_view name) const;

  Var operator()(Signals& signals) const;

 private:
  std::vector<Term> terms_;
  LossContext context_;
};

}  // namespace unmix
