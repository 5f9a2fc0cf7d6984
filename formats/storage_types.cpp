#include "formats/storage_types.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace unmix {
namespace {

template <class T>
T bits(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
float load(const char* value) {
  return static_cast<float>(bits<T>(value));
}

float load_bool(const char* value) { return *value != 0 ? 1.0f : 0.0f; }

float load_bfloat16(const char* value) { return std::bit_cast<float>(uint32_t{bits<uint16_t>(value)} << 16); }

// IEEE binary16: sign, 5 bits of exponent (bias 15), 10 of fraction.
float load_half(const char* value) {
  const uint32_t half = bits<uint16_t>(value), exponent = half >> 10 & 31, fraction = half & 1023;
  const uint32_t sign = (half & 0x8000) << 16;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  const auto digits = static_cast<float>(exponent == 0 ? fraction : fraction + 1024);
  const float magnitude = std::ldexp(digits, exponent == 0 ? -24 : static_cast<int>(exponent) - 25);
  return sign != 0 ? -magnitude : magnitude;
}

constexpr StorageType kTypes[] = {
    {"torch.FloatStorage", 4, load<float>},   {"torch.DoubleStorage", 8, load<double>},
    {"torch.HalfStorage", 2, load_half},      {"torch.BFloat16Storage", 2, load_bfloat16},
    {"torch.LongStorage", 8, load<int64_t>},  {"torch.IntStorage", 4, load<int32_t>},
    {"torch.ShortStorage", 2, load<int16_t>}, {"torch.CharStorage", 1, load<int8_t>},
    {"torch.ByteStorage", 1, load<uint8_t>},  {"torch.BoolStorage", 1, load_bool},
};

bool is_contiguous(const Shape& shape, const Shape& strides) {
  int64_t expected = 1;
  for (size_t axis = shape.size(); axis-- > 0; expected *= shape[axis])
    if (shape[axis] != 1 && strides[axis] != expected) return false;
  return true;
}

}  // namespace

std::span<const StorageType> storage_types() { return kTypes; }

const StorageType* find_storage_type(std::string_view name) {
  const auto has_name = [&](const StorageType& type) { return type.name == name; };
  const auto at = std::find_if(std::begin(kTypes), std::end(kTypes), has_name);
  return at == std::end(kTypes) ? nullptr : at;
}

void copy_strided(const StorageType& type, const char* first, const Shape& shape, const Shape& strides, float* to) {
  const int64_t count = element_count(shape);
  if (count == 0) return;
  if (type.load == load<float> && is_contiguous(shape, strides)) {
    std::memcpy(to, first, static_cast<size_t>(count) * sizeof(float));
    return;
  }
  Shape index(shape.size(), 0);
  uint64_t at = 0;  // unsigned: the stride of an axis of extent 1 may be any number
  for (int64_t i = 0; i < count; ++i) {
    to[i] = type.load(first + at * type.bytes);
    for (size_t axis = shape.size(); axis-- > 0;) {
      at += static_cast<uint64_t>(strides[axis]);
      if (++index[axis] < shape[axis]) break;
      at -= static_cast<uint64_t>(strides[axis]) * static_cast<uint64_t>(shape[axis]);
      index[axis] = 0;
    }
  }
}

}  // namespace unmix
