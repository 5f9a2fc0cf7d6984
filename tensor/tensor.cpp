#include "tensor/tensor.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "tensor/memory.h"

namespace unmix {

int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor Tensor::empty(Shape shape, Device device) {
  for (int64_t extent : shape) check(extent >= 0, "tensor", "shape {} has a negative extent", to_string(shape));
  Tensor tensor;
  tensor.size_ = element_count(shape);
  tensor.capacity_ = tensor.size_;
  tensor.shape_ = std::move(shape);
  tensor.device_ = device;
  tensor.buffer_ = allocate(tensor.size_, device);
  return tensor;
}

Tensor Tensor::zeros(Shape shape, Device device) { return full(std::move(shape), 0.0f, device); }

Tensor Tensor::full(Shape shape, float value, Device device) {
  Tensor tensor = empty(std::move(shape), device);
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::from(std::span<const float> values, Shape shape, Device device) {
  check(static_cast<int64_t>(values.size()) == element_count(shape), "tensor", "{} values do not fill shape {}",
        values.size(), to_string(shape));
  Tensor tensor = empty(std::move(shape), device);
  copy(tensor.data(), device, values.data(), Device::cpu, tensor.size_);
  return tensor;
}

int64_t Tensor::dim(int axis) const {
  const int index = axis < 0 ? axis + rank() : axis;
  check(index >= 0 && index < rank(), "tensor", "axis {} of shape {} does not exist", axis, to_string(shape_));
  return shape_[static_cast<size_t>(index)];
}

Tensor Tensor::reshape(Shape shape) const {
  const auto unknown = std::find(shape.begin(), shape.end(), -1);
  if (unknown != shape.end()) {
    *unknown = 1;
    const int64_t known = element_count(shape);
    *unknown = known > 0 ? size_ / known : 0;
  }
  check(element_count(shape) == size_, "reshape", "shape {} cannot become {}", to_string(shape_), to_string(shape));
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::operator[](int64_t index) const {
  Tensor view = rows(index, index + 1);
  view.shape_.erase(view.shape_.begin());
  return view;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  check(rank() > 0 && begin >= 0 && begin <= end && end <= dim(0), "tensor", "rows {} to {} of shape {} do not exist",
        begin, end, to_string(shape_));
  const int64_t stride = dim(0) > 0 ? size_ / dim(0) : 0;
  Tensor view = *this;
  view.shape_[0] = end - begin;
  view.size_ = (end - begin) * stride;
  view.offset_ += begin * stride;
  return view;
}

Tensor Tensor::extended(Shape shape) const {
  Tensor view = *this;
  view.size_ = element_count(shape);
  check(offset_ + view.size_ <= capacity_, "tensor", "the buffer of {} values is too small for shape {} from value {}",
        capacity_, to_string(shape), offset_);
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::to(Device device) const {
  if (device == device_) return *this;
  Tensor result = empty(shape_, device);
  result.copy_from(*this);
  return result;
}

Tensor Tensor::clone() const {
  Tensor result = empty(shape_, device_);
  result.copy_from(*this);
  return result;
}

void Tensor::copy_from(const Tensor& source) {
  check(shape_ == source.shape_, "copy", "shapes {} and {} differ", to_string(shape_), to_string(source.shape_));
  copy(data(), device_, source.data(), source.device_, size_);
}

void Tensor::fill(float value) { unmix::fill(data(), device_, value, size_); }

std::vector<float> Tensor::to_vector() const {
  std::vector<float> values(static_cast<size_t>(size_));
  copy(values.data(), Device::cpu, data(), device_, size_);
  return values;
}

float Tensor::item() const {
  check(size_ == 1, "item", "shape {} holds {} values, not one", to_string(shape_), size_);
  return to_vector()[0];
}

}  // namespace unmix
