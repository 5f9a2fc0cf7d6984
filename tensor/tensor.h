// Tensor: float32, contiguous, row-major; a value handle on a shared buffer. No strides, no other dtype.
// A complex tensor has a trailing axis of 2 (real, imaginary).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/device.h"

namespace unmix {

using Shape = std::vector<int64_t>;

int64_t element_count(const Shape& shape);

class Tensor {
 public:
  Tensor() = default;  // no tensor: defined() is false

  static Tensor empty(Shape shape, Device device = Device::cpu);  // values undefined
  static Tensor zeros(Shape shape, Device device = Device::cpu);
  static Tensor full(Shape shape, float value, Device device = Device::cpu);
  // Copies host values; throws if their number does not fit the shape.
  static Tensor from(std::span<const float> values, Shape shape, Device device = Device::cpu);

  bool defined() const { return buffer_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int64_t dim(int axis) const;  // negative axes count from the end
  int rank() const { return static_cast<int>(shape_.size()); }
  int64_t size() const { return size_; }
  Device device() const { return device_; }

  // Address on the tensor's own device.
  float* data() { return buffer_.get() + offset_; }
  const float* data() const { return buffer_.get() + offset_; }

  // Views: the same memory under another shape; the i-th part along the first axis (which it removes).
  Tensor reshape(Shape shape) const;  // one dimension may be -1
  Tensor operator[](int64_t index) const;
  // Rows begin..end of the first axis, the same memory.
  Tensor rows(int64_t begin, int64_t end) const;
  // A larger view that starts at this one's first value; the buffer must hold it.
  Tensor extended(Shape shape) const;

  Tensor to(Device device) const;  // itself when already there
  Tensor clone() const;
  void copy_from(const Tensor& source);  // same shape, any devices
  void fill(float value);

  std::vector<float> to_vector() const;  // waits for the device
  float item() const;                    // the value of a one-element tensor; waits for the device

  // True if no other handle shares the buffer, so that it may be written in place.
  bool unique() const { return buffer_.use_count() == 1; }
  bool shares_buffer(const Tensor& other) const { return buffer_ == other.buffer_; }

 private:
  Shape shape_;
  int64_t size_ = 0;
  int64_t offset_ = 0;
  int64_t capacity_ = 0;  // of the whole buffer
  Device device_ = Device::cpu;
  std::shared_ptr<float[]> buffer_;
};

// "[2, 3]", for messages.
std::string to_string(const Shape& shape);

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

}  // namespace unmix
