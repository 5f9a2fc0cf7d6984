// Early stopping as openunmix.utils.EarlyStopping, mode "min": training ends after `patience` epochs in a row whose
// loss is not below the best so far, or with a loss that is not a number.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace unmix {

class EarlyStopping {
 public:
  explicit EarlyStopping(int patience);

  // Takes an epoch's validation loss; returns whether to stop.
  bool step(double loss);

  std::optional<double> best() const { return best_; }  // none before the first loss that is a number
  int bad_epochs() const { return bad_epochs_; }

  nlohmann::json state() const;
  void load_state(const nlohmann::json& state);

 private:
  int patience_;
  std::optional<double> best_;
  int bad_epochs_ = 0;
};

}  // namespace unmix
