// What the stand-ins of cuBLAS, cuFFT and cuDNN share: checks of the caller's memory, handles, matrix products.
//
// A stand-in returns the status with which the real library refuses a call. Where the real one would read or write what
// it must not, or give an undefined result, it throws Misuse: at the call where that can be seen, else inside its work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/cudasim/api.h"

namespace cudasim {

// An argument of a call: one range of device memory. A null pointer stands for an argument left out.
struct Range {
  const char* name;
  const void* data;
  size_t bytes;
  size_t alignment = sizeof(float);
};

// Throws unless all ranges are device memory and aligned, and no written one overlaps another.
void need_device(const char* call, std::initializer_list<Range> read, std::initializer_list<Range> written);

// Throws if a scalar that is read at the call lies on the device.
void need_host(const char* call, const char* name, const void* scalar);

// States the accesses to `rows` rows of `width` floats, `pitch` floats apart.
void will_read_rows(const float* data, int64_t rows, int64_t width, int64_t pitch);
void will_write_rows(float* data, int64_t rows, int64_t width, int64_t pitch);

// Fills with NaN what a call leaves undefined.
void poison(void* data, size_t bytes);

// To what the factors of a product are rounded before they are multiplied.
enum class Rounding { none, tf32, bf16 };
float rounded(float value, Rounding rounding);

// Element (i, j) of a matrix is data[i * row + j * column].
template <class T>
struct View {
  const T* data;
  int64_t row, column;
};

// A factor B (k x n) of products, rounded and rearranged once.
class Factor {
 public:
  template <class T>
  Factor(int64_t k, int64_t n, View<T> b, Rounding rounding);

  // sums (m x n, row by row) += A (m x k) B, in double.
  template <class T>
  void multiply(int64_t m, View<T> a, double* sums) const;

 private:
  int64_t k_, n_;
  Rounding rounding_;
  std::vector<double> panels_;  // of kPanel columns: (panel, k, column)
};

// The objects given out as handles, so that one which was never made or is gone is known as such.
template <class T>
class Handles {
 public:
  T* make() {
    auto* object = new T;
    const std::lock_guard lock(mutex_);
    alive_.insert(object);
    return object;
  }
  bool alive(const T* object) {
    const std::lock_guard lock(mutex_);
    return alive_.contains(const_cast<T*>(object));
  }
  bool end(T* object) {
    const std::lock_guard lock(mutex_);
    if (alive_.erase(object) == 0) return false;
    delete object;
    return true;
  }

 private:
  std::mutex mutex_;
  std::set<T*> alive_;
};

// Never destroyed: threads end handles at exit.
template <class T>
Handles<T>& handles() {
  static auto* instance = new Handles<T>;
  return *instance;
}

}  // namespace cudasim
