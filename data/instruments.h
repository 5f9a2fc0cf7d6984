// The instruments of the demo's songs: each call renders one mono sound at 44.1 kHz, peak about 1.
#pragma once

#include <vector>

#include "data/split_mix.h"

namespace unmix {

inline constexpr int demo_rate = 44100;  // Hz

using Sound = std::vector<float>;

double note_frequency(double midi_note);  // Hz; note 69 is 440 Hz

Sound kick(double pitch);                          // a sine that falls from 4 pitch to pitch (Hz), with a click
Sound snare(SplitMix& random, double brightness);  // noise and a short tone
Sound hat(SplitMix& random, double seconds);       // high-passed noise, decaying over `seconds`

// A string plucked by noise (Karplus and Strong 1983); `brightness` in 0 .. 1.
Sound plucked_string(double frequency, double seconds, double brightness, SplitMix& random);

// A low-passed sawtooth with slow attack and release.
Sound pad(double frequency, double seconds, double cutoff);

// A sine modulated in phase by another that dies away sooner: an electric piano.
Sound electric_piano(double frequency, double seconds);

struct SungNote {
  double midi_note;
  double start;  // seconds from the phrase's start
  double seconds;
  int vowel;       // 0 .. 4: a, e, i, o, u
  bool consonant;  // begins with a burst of noise
};

// A phrase sung legato: sawtooth pulses with vibrato and glides, through four formants that move with the vowels.
Sound sing(const std::vector<SungNote>& notes, SplitMix& random);

}  // namespace unmix
