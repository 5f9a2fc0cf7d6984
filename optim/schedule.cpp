#include "optim/schedule.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace unmix {
namespace {

constexpr double kThreshold = 1e-4, kSmallestReduction = 1e-8;

}  // namespace

ReduceLROnPlateau::ReduceLROnPlateau(const PlateauOptions& options) : options_(options) {
  check(options.factor > 0.0 && options.factor < 1.0, "plateau", "factor {} is not between 0 and 1", options.factor);
  check(options.patience >= 0 && options.cooldown >= 0, "plateau", "patience {} and cooldown {} must be 0 or more",
        options.patience, options.cooldown);
}

double ReduceLROnPlateau::step(double loss, double learning_rate) {
  if (loss < best_ * (1.0 - kThreshold)) {
    best_ = loss;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience) return learning_rate;
  cooldown_left_ = options_.cooldown;
  bad_epochs_ = 0;
  const double reduced = learning_rate * options_.factor;
  return learning_rate - reduced > kSmallestReduction ? reduced : learning_rate;
}

nlohmann::json ReduceLROnPlateau::state() const {
  // JSON has no infinity: no best yet is null.
  const nlohmann::json best = best_ < std::numeric_limits<double>::infinity() ? nlohmann::json(best_) : nullptr;
  return {{"best", best}, {"bad_epochs", bad_epochs_}, {"cooldown_left", cooldown_left_}};
}

void ReduceLROnPlateau::load_state(const nlohmann::json& state) try {
  const nlohmann::json& best = state.at("best");
  const double loaded = best.is_null() ? std::numeric_limits<double>::infinity() : best.get<double>();
  const int bad_epochs = state.at("bad_epochs"), cooldown_left = state.at("cooldown_left");
  best_ = loaded, bad_epochs_ = bad_epochs, cooldown_left_ = cooldown_left;
} catch (const nlohmann::json::exception& error) {
  fail("plateau", "the saved state cannot be used: {}", error.what());
}

}  // namespace unmix
