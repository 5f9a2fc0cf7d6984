// Combination: L2freq + SISDRfreq + LogL1freq.
#include "losses/losses.h"

namespace unmix {

Var combination(Signals& signals, const LossContext& context) {
  return l2freq(signals, context) + sisdrfreq(signals, context) + log_l1freq(signals, context);
}

}  // namespace unmix
