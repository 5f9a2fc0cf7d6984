// SISDRfreq: si_sdr (losses/si_sdr.h) of the magnitude estimates M_k |X|.
#include "losses/si_sdr.h"

namespace unmix {

const LossEntry sisdrfreq = {
    .name = "SISDRfreq",
    .domain = "magnitude",
    .code =
        "-10 log10(|a|^2 / (|a - Z|^2 + eps) + eps), a = <Z,Y> Y / (|Y|^2 + eps), Z = M_k|X|, Y "
        "= |Y_k|, all as one vector",
    .paper = kMeanOverSources,
    .source = "losses/sisdrfreq.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return si_sdr(magnitude_estimate(signals), signals.target_magnitudes(), context);
    },
};

}  // namespace unmix
