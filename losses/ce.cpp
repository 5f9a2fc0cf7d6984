// CrossEntropy: which source is the loudest of a bin, the masks as the logits of a K-class choice.
//   mean (log sum_k exp M_k - M_j), j = argmax_k |Y_k|
#include "losses/terms.h"

namespace unmix {

Var ce(Signals& signals, const LossContext&) { return cross_entropy(signals.masks(), signals.dominant_sources()); }

}  // namespace unmix
