// Every loss of the registry; the formulas stand at the top of their files.
#pragma once

#include "losses/registry.h"

namespace unmix {

LossFunction l1freq, l2freq, log_l1freq, log_l2freq, l1time, l2time, log_l1time, log_l2time, sisdrtime, sisdrfreq,
    min_snr_sdsdr, sdsdrtime, l1mask, l2mask, bce, ce, bce_irm, psa, snr_psa, dissimilarity, mrs, combination, mrstft,
    complex_l1, combined_mdl, l1snr, log_wmse, adversarial, deep_feature;

}  // namespace unmix
