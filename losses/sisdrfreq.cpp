// SISDRfreq: si_sdr of the magnitude estimates M_k |X|.
#include "losses/si_sdr.h"

namespace unmix {

Var sisdrfreq(Signals& signals, const LossContext& context) {
  return si_sdr(magnitude_estimate(signals), signals.target_magnitudes(), context);
}

}  // namespace unmix
