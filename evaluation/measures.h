// Measures of a whole estimate e against its source y, all channels and samples as one vector, sums in double.
#pragma once

#include "audio/audio.h"

namespace unmix {

// 10 log10(|a y|^2 / |a y - e|^2) with the scale a = <e, y> / |y|^2 that fits best, in dB: a gain costs nothing. Le
// Roux, Wisdom, Erdogan, Hershey, "SDR - half-baked or well done?", ICASSP 2019. An exact estimate gives +infinity, a
// silent source NaN. Throws where rates, channels or lengths differ, as the next ones do.
double si_sdr(const Audio& reference, const Audio& estimate);

// Of the same paper, scale-dependent: 10 log10(|a y|^2 / |y - e|^2); a gain below 1 costs twice.
double sd_sdr(const Audio& reference, const Audio& estimate);

// Mean of ||Y| - |E|| over channels, frames and bins of STFTs with 4096 samples, hop 1024, periodic Hann, centered with
// reflected ends: the loss L1freq without its sum over the sources. Throws for signals of no more than 2048
// samples.
double l1_freq(const Audio& reference, const Audio& estimate);

}  // namespace unmix
