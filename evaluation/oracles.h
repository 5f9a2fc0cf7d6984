// Separation by methods that know the true sources: the upper and lower bounds of SiSEC 2018 (Stöter, Liutkus, Ito,
// LVA/ICA 2018). Over STFTs with 2048 samples, hop 1024, periodic Hann; X the mixture's spectrum, Y_j a source's, the
// same of every channel:
//   IBM1, IBM2  mask_j = 1 where |Y_j|^a / (eps + |X|^a) >= 0.5, else 0; a = 1, 2
//   IRM1, IRM2  mask_j = |Y_j|^a / (eps + sum_i |Y_i|^a)
//   MWF         v_j R_j (sum_i v_i R_i)^-1 X, multichannel Wiener filter: R_j the average over time of Y_j Y_j^H over
//               its power, scaled to a trace of the number of channels, + eps I; v_j = tr(R_j^-1 Y_j Y_j^H) / channels
//   mixture     the mixture itself as every estimate
#pragma once

#include "base/choice.h"
#include "evaluation/track_evaluation.h"

namespace unmix {

enum class Oracle { mixture, ibm1, ibm2, irm1, irm2, mwf };

inline constexpr Choice<Oracle> oracle_names[] = {{"mixture", Oracle::mixture}, {"IBM1", Oracle::ibm1},
                                                  {"IBM2", Oracle::ibm2},       {"IRM1", Oracle::irm1},
                                                  {"IRM2", Oracle::irm2},       {"MWF", Oracle::mwf}};

// Estimates of the sources, of the mixture's length. All signals have one length, rate and number of channels (MWF:
// one or two).
NamedAudio separate_by_oracle(Oracle oracle, const Audio& mixture, const NamedAudio& sources);

}  // namespace unmix
