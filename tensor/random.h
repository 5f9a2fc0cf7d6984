// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// The i-th number of a stream depends on (seed, stream, i) alone: the same bits on every device and for any order.
#pragma once

#include <cstdint>

#include "tensor/hd.h"

namespace unmix {

struct Philox {
  uint64_t seed;
  uint64_t stream;

  // The four words of counter block `index`.
  HD void block(uint64_t index, uint32_t words[4]) const {
    uint32_t c0 = static_cast<uint32_t>(index), c1 = static_cast<uint32_t>(index >> 32);
    uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
      const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0, n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c1 = static_cast<uint32_t>(p1);
      c3 = static_cast<uint32_t>(p0);
      c0 = n0;
      c2 = n2;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
  }

  HD uint32_t word(uint64_t index) const {
    uint32_t words[4];
    block(index / 4, words);
    return words[index % 4];
  }

  // Uniform in [0, 1), a multiple of 2^-24: exact in float32.
  HD static float fraction(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
  HD float uniform(uint64_t index) const { return fraction(word(index)); }
};

}  // namespace unmix
