#include "optim/early_stopping.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace unmix {

EarlyStopping::EarlyStopping(int patience) : patience_(patience) {
  check(patience >= 0, "early_stopping", "patience {} must be 0 or more", patience);
}

bool EarlyStopping::step(double loss) {
  if (std::isnan(loss)) return true;
  if (!best_) {
    best_ = loss;
    return false;
  }
  if (loss < *best_) {
    best_ = loss;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  return bad_epochs_ >= patience_;
}

nlohmann::json EarlyStopping::state() const {
  return {{"best", best_ ? nlohmann::json(*best_) : nullptr}, {"bad_epochs", bad_epochs_}};
}

void EarlyStopping::load_state(const nlohmann::json& state) try {
  const nlohmann::json& best = state.at("best");
  const std::optional<double> loaded = best.is_null() ? std::nullopt : std::optional(best.get<double>());
  const int bad_epochs = state.at("bad_epochs");
  best_ = loaded, bad_epochs_ = bad_epochs;
} catch (const nlohmann::json::exception& error) {
  fail("early_stopping", "the saved state cannot be used: {}", error.what());
}

}  // namespace unmix
