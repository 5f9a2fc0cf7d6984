// Division by a number that is known before a kernel starts, as a product and a shift: a GPU has no instruction that
// divides integers, and some hundred take its place.
//   n / d = (2 n m / 2^64) / 2^s,  s = ceil(log2 d),  m = floor(2^(63 + s) / d) + 1,  0 <= n < 2^63
// (Granlund & Montgomery, "Division by invariant integers using multiplication", 1994, theorem 4.2)
#pragma once

#include <bit>
#include <cstdint>

#include "tensor/hd.h"

namespace unmix {

class Divider {
 public:
  // A divisor below 1, as of a tensor without elements, is taken as 1: nothing is divided by it.
  explicit Divider(int64_t divisor)
      : divisor_(divisor < 1 ? 1 : divisor),
        shift_(static_cast<int>(std::bit_width(static_cast<uint64_t>(divisor_ - 1)))) {
    factor_ = static_cast<uint64_t>((Wide{1} << (63 + shift_)) / static_cast<uint64_t>(divisor_)) + 1;
  }

  HD int64_t quotient(int64_t n) const {
    const uint64_t twice = static_cast<uint64_t>(n) << 1;
#ifdef __CUDA_ARCH__
    return static_cast<int64_t>(__umul64hi(twice, factor_) >> shift_);
#else
    return static_cast<int64_t>(static_cast<uint64_t>(Wide{twice} * factor_ >> 64) >> shift_);
#endif
  }
  HD int64_t remainder(int64_t n) const { return n - quotient(n) * divisor_; }
  HD int64_t divisor() const { return divisor_; }

 private:
  __extension__ typedef unsigned __int128 Wide;

  int64_t divisor_;
  uint64_t factor_;
  int shift_;
};

}  // namespace unmix
