// SplitMix64 (Steele, Lea, Flood 2014), started at a hash of a key. Distributions are our own, since those of the
// standard library differ between its makers.
#pragma once

#include <cstdint>

namespace unmix {

class SplitMix {
 public:
  explicit SplitMix(uint64_t seed, uint64_t stream = 0, uint64_t index = 0)
      : state_(mix(mix(mix(seed) + stream) + index)) {}

  // Uniform in 0 .. 1, 1 excluded.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  // Uniform in 0 .. count - 1.
  int64_t below(int64_t count) { return static_cast<int64_t>(uniform() * static_cast<double>(count)); }

 private:
  static uint64_t mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t next() {
    const uint64_t value = mix(state_);
    state_ += 0x9e3779b97f4a7c15;
    return value;
  }

  uint64_t state_;
};

}  // namespace unmix
