// Every loss; each entry stands in the file that its `source` names. A new loss is a file and its name in the two
// lists.
#pragma once

#include "losses/registry.h"

namespace unmix {

extern const LossEntry l1freq, l2freq, log_l1freq, log_l2freq, l1time, l2time, log_l1time, log_l2time, sisdrtime,
    sisdrfreq, min_snr_sdsdr, sdsdrtime, l1mask, l2mask, bce, ce, bce_irm, psa, snr_psa, dissimilarity, mrs,
    adversarial, deep_feature, combination, mrstft, complex_l1, combined_mdl, l1snr, log_wmse;

inline constexpr const LossEntry* kLosses[] = {
    &l1freq,    &l2freq,     &log_l1freq,    &log_l2freq,    &l1time,  &l2time,      &log_l1time,   &log_l2time,
    &sisdrtime, &sisdrfreq,  &min_snr_sdsdr, &sdsdrtime,     &l1mask,  &l2mask,      &bce,          &ce,
    &bce_irm,   &psa,        &snr_psa,       &dissimilarity, &mrs,     &adversarial, &deep_feature, &combination,
    &mrstft,    &complex_l1, &combined_mdl,  &l1snr,         &log_wmse};

}  // namespace unmix
