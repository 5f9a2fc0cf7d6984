// SISDRtime: si_sdr of the waveform estimates ISTFT(M_k X).
#include "losses/si_sdr.h"

namespace unmix {

Var sisdrtime(Signals& signals, const LossContext& context) {
  return si_sdr({signals.estimates(), {}}, signals.targets(), context);
}

}  // namespace unmix
