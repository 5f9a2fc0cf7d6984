// SDR of one track's targets.
#pragma once

#include <string>

namespace unmix {

// SDR in dB over the whole file: of the estimate, and of the mixture taken as the estimate.
struct TargetScore {
  std::string target;
  double estimate, mixture;
};

}  // namespace unmix
