#include "data/instruments.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace unmix {
namespace {

constexpr double kTwoPi = 2 * M_PI;

size_t frames_of(double seconds) { return static_cast<size_t>(seconds * demo_rate); }

double seconds_of(size_t frame) { return static_cast<double>(frame) / demo_rate; }

float noise(SplitMix& random) { return static_cast<float>(random.uniform(-1, 1)); }

// A sawtooth whose step is rounded by a polynomial over one sample to either side, against aliasing.
class Sawtooth {
 public:
  float next(double frequency) {
    const double step = frequency / demo_rate;
    double value = 2 * phase_ - 1;
    if (phase_ < step) {
      const double t = phase_ / step;
      value -= t + t - t * t - 1;
    } else if (phase_ > 1 - step) {
      const double t = (phase_ - 1) / step;
      value -= t * t + t + t + 1;
    }
    phase_ += step;
    if (phase_ >= 1) phase_ -= 1;
    return static_cast<float>(value);
  }

 private:
  double phase_ = 0.5;  // where the sawtooth is 0
};

// y += a (x - y)
class LowPass {
 public:
  explicit LowPass(double cutoff) : a_(static_cast<float>(1 - std::exp(-kTwoPi * cutoff / demo_rate))) {}
  float next(float x) { return y_ += a_ * (x - y_); }

 private:
  float a_;
  float y_ = 0;
};

// Two-pole band-pass with gain 1 at its centre.
class Resonator {
 public:
  void tune(double frequency, double bandwidth) {
    const double w = kTwoPi * frequency / demo_rate;
    const double alpha = std::sin(w) * bandwidth / (2 * frequency);
    gain_ = static_cast<float>(alpha / (1 + alpha));
    a1_ = static_cast<float>(-2 * std::cos(w) / (1 + alpha));
    a2_ = static_cast<float>((1 - alpha) / (1 + alpha));
  }
  float next(float x) {
    const float y = gain_ * (x - x2_) - a1_ * y1_ - a2_ * y2_;
    x2_ = x1_;
    x1_ = x;
    y2_ = y1_;
    return y1_ = y;
  }

 private:
  float gain_ = 0, a1_ = 0, a2_ = 0;
  float x1_ = 0, x2_ = 0, y1_ = 0, y2_ = 0;
};

// Rises over `attack`, falls over `release` before the end (seconds).
float envelope(double time, double length, double attack, double release) {
  return static_cast<float>(std::clamp(std::min(time / attack, (length - time) / release), 0.0, 1.0));
}

struct Vowel {
  std::array<double, 4> formants;  // Hz
  std::array<double, 4> levels;
};
constexpr std::array<Vowel, 5> kVowels = {{
    {{800, 1200, 2850, 3600}, {1.0, 0.6, 0.25, 0.12}},
    {{450, 1800, 2600, 3500}, {1.0, 0.5, 0.3, 0.12}},
    {{320, 2200, 2950, 3700}, {1.0, 0.4, 0.35, 0.15}},
    {{480, 850, 2700, 3400}, {1.0, 0.5, 0.15, 0.08}},
    {{340, 700, 2500, 3300}, {1.0, 0.35, 0.12, 0.06}},
}};
constexpr std::array<double, 4> kBandwidths = {90, 110, 170, 250};

// What a singer's throat is set to, moving towards each note in turn.
class Throat {
 public:
  explicit Throat(const SungNote& note) : pitch_(note.midi_note), vowel_(kVowels[static_cast<size_t>(note.vowel)]) {}

  // Called once every kControl frames; `since` is the note's age in seconds.
  void move_towards(const SungNote& note, double since) {
    constexpr double glide = 0.06;
    pitch_ += glide * (note.midi_note - pitch_);
    const Vowel& goal = kVowels[static_cast<size_t>(note.vowel)];
    for (size_t i = 0; i < resonators_.size(); ++i) {
      vowel_.formants[i] += glide * (goal.formants[i] - vowel_.formants[i]);
      vowel_.levels[i] += glide * (goal.levels[i] - vowel_.levels[i]);
      resonators_[i].tune(vowel_.formants[i], kBandwidths[i]);
    }
    constexpr double vibrato_rate = 5.4;
    const double depth = 0.35 * std::clamp((since - 0.15) / 0.25, 0.0, 1.0);  // semitones
    frequency_ = note_frequency(pitch_ + depth * std::sin(kTwoPi * vibrato_rate * since));
  }

  float next(float breath) {
    const float pulse = glottis_.next(saw_.next(frequency_)) + 0.02F * breath;
    float sum = 0;
    for (size_t i = 0; i < resonators_.size(); ++i) {
      sum += static_cast<float>(vowel_.levels[i]) * resonators_[i].next(pulse);
    }
    return sum;
  }

  static constexpr size_t kControl = 32;

 private:
  double pitch_;
  double frequency_ = 220;
  Vowel vowel_;
  Sawtooth saw_;
  LowPass glottis_{2500};
  std::array<Resonator, 4> resonators_;
};

}  // namespace

double note_frequency(double midi_note) { return 440 * std::exp2((midi_note - 69) / 12); }

Sound kick(double pitch) {
  Sound sound(frames_of(0.35));
  double phase = 0;
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    phase += kTwoPi * pitch * (1 + 3 * std::exp(-t / 0.03)) / demo_rate;
    const double body = std::sin(phase) * std::exp(-t / 0.12);
    const double click = 0.4 * std::sin(kTwoPi * 2500 * t) * std::exp(-t / 0.003);
    sound[i] = static_cast<float>((body + click) * envelope(t, 0.35, 0.001, 0.05));
  }
  return sound;
}

Sound snare(SplitMix& random, double brightness) {
  Sound sound(frames_of(0.25));
  LowPass dark(3000 + 6000 * brightness);
  LowPass rumble(500);
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    const float hiss = dark.next(noise(random));
    const double tone = 0.5 * std::sin(kTwoPi * 190 * t) * std::exp(-t / 0.04);
    sound[i] = static_cast<float>((1.4F * (hiss - rumble.next(hiss)) * std::exp(-t / 0.06) + tone) *
                                  envelope(t, 0.25, 0.001, 0.05));
  }
  return sound;
}

Sound hat(SplitMix& random, double seconds) {
  Sound sound(frames_of(2.5 * seconds));
  LowPass below(7000);
  LowPass below_again(7000);
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    float high = noise(random);
    high -= below.next(high);
    high -= below_again.next(high);
    sound[i] = static_cast<float>(high * std::exp(-t / seconds) * envelope(t, 2.5 * seconds, 0.0005, 0.01));
  }
  return sound;
}

Sound plucked_string(double frequency, double seconds, double brightness, SplitMix& random) {
  // The loop: a delay line of whole frames, the mean of two neighbours (half a frame), an all-pass for the rest.
  const double period = demo_rate / frequency - 0.5;
  std::vector<float> line(static_cast<size_t>(period - 0.1));
  const double rest = period - static_cast<double>(line.size());
  const float allpass = static_cast<float>((1 - rest) / (1 + rest));
  LowPass pick(frequency * (4 + 12 * brightness));
  for (float& x : line) x = pick.next(noise(random));
  float mean = 0;
  for (const float x : line) mean += x / static_cast<float>(line.size());
  float peak = 1e-6F;
  for (float& x : line) peak = std::max(peak, std::fabs(x -= mean));
  Sound sound(frames_of(seconds));
  const auto loss = static_cast<float>(std::exp(-1 / (0.9 * frequency)));  // e^-1 after 0.9 s
  float last = 0, filtered = 0, passed = 0;
  for (size_t i = 0; i < sound.size(); ++i) {
    float& slot = line[i % line.size()];
    const float average = 0.5F * (slot + last);
    last = slot;
    passed = allpass * (average - passed) + filtered;
    filtered = average;
    slot = loss * passed;
    sound[i] = last / peak * envelope(seconds_of(i), seconds, 0.002, 0.03);
  }
  return sound;
}

Sound pad(double frequency, double seconds, double cutoff) {
  Sound sound(frames_of(seconds));
  Sawtooth saw;
  LowPass first(cutoff);
  LowPass second(cutoff);
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    sound[i] = second.next(first.next(saw.next(frequency))) * envelope(t, seconds, 0.12, 0.15);
  }
  return sound;
}

Sound electric_piano(double frequency, double seconds) {
  Sound sound(frames_of(seconds));
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    const double angle = kTwoPi * frequency * t;
    const double bell =
        1.6 * std::exp(-t / 0.25) * std::sin(2 * angle) + 0.3 * std::exp(-t / 0.06) * std::sin(7 * angle);
    sound[i] = static_cast<float>(std::sin(angle + bell) * std::exp(-t / 0.8)) * envelope(t, seconds, 0.003, 0.04);
  }
  return sound;
}

Sound sing(const std::vector<SungNote>& notes, SplitMix& random) {
  const double length = notes.back().start + notes.back().seconds;
  Sound sound(frames_of(length));
  Throat throat(notes.front());
  LowPass hiss_below(3500);
  size_t current = 0;
  float dip = 1;
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = seconds_of(i);
    if (current + 1 < notes.size() && t >= notes[current + 1].start) ++current;
    const SungNote& note = notes[current];
    const double since = t - note.start;
    if (i % Throat::kControl == 0) throat.move_towards(note, since);
    float hiss = noise(random);
    const float voice = throat.next(hiss);
    hiss -= hiss_below.next(hiss);
    const bool closed = note.consonant && since < 0.05;
    dip += 0.002F * ((closed ? 0.1F : 1.0F) - dip);
    const float burst = closed ? 0.12F * hiss * envelope(since, 0.05, 0.01, 0.02) : 0;
    sound[i] = (4 * dip * voice + burst) * envelope(t, length, 0.04, 0.12);
  }
  return sound;
}

}  // namespace unmix
