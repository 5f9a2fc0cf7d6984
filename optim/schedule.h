// ReduceLROnPlateau as torch.optim.lr_scheduler's, mode "min": after more than `patience` epochs without a loss below
// best * (1 - 1e-4) the learning rate is multiplied by `factor`; the next `cooldown` epochs do not count.
#pragma once

#include <limits>
#include <nlohmann/json_fwd.hpp>

namespace unmix {

struct PlateauOptions {
  double factor;  // in (0, 1)
  int patience, cooldown;
};

class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(const PlateauOptions& options);

  // Takes an epoch's validation loss and its learning rate; returns the rate of the next epoch. A reduction of 1e-8 or
  // less is not made.
  double step(double loss, double learning_rate);

  nlohmann::json state() const;
  void load_state(const nlohmann::json& state);

 private:
  PlateauOptions options_;
  double best_ = std::numeric_limits<double>::infinity();
  int bad_epochs_ = 0, cooldown_left_ = 0;
};

}  // namespace unmix
