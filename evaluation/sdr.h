// Signal-to-distortion ratio over a whole file, 10 log10(sum y^2 / sum (y - e)^2) in dB, all channels together; sums in
// double.
#pragma once

#include "audio/audio.h"

namespace unmix {

// An exact estimate gives +infinity, a silent reference NaN: its ratio says nothing. Throws where rates, channels or
// lengths differ.
double sdr(const Audio& reference, const Audio& estimate);

}  // namespace unmix
