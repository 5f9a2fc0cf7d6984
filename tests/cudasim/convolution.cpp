#include "tests/cudasim/convolution.h"

namespace cudasim {
namespace {

void store(const Blend& blend, const std::vector<double>& sums, float* target) {
  const int64_t count = static_cast<int64_t>(sums.size());
  if (blend.beta != 0.0f) will_read_rows(target, 1, count, count);
  will_write_rows(target, 1, count, count);
  for (size_t i = 0; i < sums.size(); ++i) {
    double value = static_cast<double>(blend.alpha) * sums[i];
    if (blend.beta != 0.0f) value += static_cast<double>(blend.beta) * static_cast<double>(target[i]);
    target[i] = static_cast<float>(value);
  }
}

// Calls visit(element of the patch, place, offset in the image) for all that lies inside the image.
template <class Visit>
void for_patches(const Convolution& c, const Visit& visit) {
  for (int64_t element = 0; element < c.patch(); ++element) {
    const int64_t channel = element / (c.kernel_h * c.kernel_w);
    const int64_t r = element / c.kernel_w % c.kernel_h, s = element % c.kernel_w;
    for (int64_t p = 0; p < c.out_h; ++p) {
      const int64_t row = p * c.set.stride_h + r * c.set.dilation_h - c.set.pad_h;
      if (row < 0 || row >= c.height) continue;
      for (int64_t q = 0; q < c.out_w; ++q) {
        const int64_t column = q * c.set.stride_w + s * c.set.dilation_w - c.set.pad_w;
        if (column >= 0 && column < c.width)
          visit(element, p * c.out_w + q, (channel * c.height + row) * c.width + column);
      }
    }
  }
}

std::vector<float> patches_of(const Convolution& c, const float* image) {
  std::vector<float> patches(static_cast<size_t>(c.patch() * c.places()), 0.0f);  // (patch, places)
  for_patches(c, [&](int64_t element, int64_t place, int64_t offset) {
    patches[static_cast<size_t>(element * c.places() + place)] = image[offset];
  });
  return patches;
}

// The filters as a matrix (out, patch) in the order of the patches.
std::vector<float> filters_of(const Convolution& c, const float* weight) {
  std::vector<float> filters(static_cast<size_t>(c.w_floats()));
  for (int64_t k = 0; k < c.out; ++k)
    for (int64_t e = 0; e < c.patch(); ++e)
      filters[static_cast<size_t>(k * c.patch() + e)] = weight[k * c.patch() + c.weight_of(e)];
  return filters;
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, float* y, Blend blend) {
  will_read_rows(x, 1, c.x_floats(), c.x_floats());
  will_read_rows(weight, 1, c.w_floats(), c.w_floats());
  const auto filters = filters_of(c, weight);
  std::vector<double> sums(static_cast<size_t>(c.y_floats()), 0.0);
  for (int64_t n = 0; n < c.batch; ++n) {
    const auto patches = patches_of(c, x + n * c.in * c.height * c.width);
    Factor(c.patch(), c.places(), View<float>{patches.data(), c.places(), 1}, rounding_of(c.set.math))
        .multiply(c.out, View<float>{filters.data(), c.patch(), 1}, sums.data() + n * c.out * c.places());
  }
  store(blend, sums, y);
}

void convolve_backward_data(const Convolution& c, const float* weight, const float* dy, float* dx, Blend blend) {
  will_read_rows(dy, 1, c.y_floats(), c.y_floats());
  will_read_rows(weight, 1, c.w_floats(), c.w_floats());
  const auto filters = filters_of(c, weight);
  std::vector<double> sums(static_cast<size_t>(c.x_floats()), 0.0);
  for (int64_t n = 0; n < c.batch; ++n) {
    std::vector<double> patches(static_cast<size_t>(c.patch() * c.places()), 0.0);
    Factor(c.out, c.places(), View<float>{dy + n * c.out * c.places(), c.places(), 1}, rounding_of(c.set.math))
        .multiply(c.patch(), View<float>{filters.data(), 1, c.patch()}, patches.data());
    double* image = sums.data() + n * c.in * c.height * c.width;
    for_patches(c, [&](int64_t element, int64_t place, int64_t offset) {
      image[offset] += patches[static_cast<size_t>(element * c.places() + place)];
    });
  }
  store(blend, sums, dx);
}

void convolve_backward_filter(const Convolution& c, const float* x, const float* dy, float* dweight, Blend blend) {
  will_read_rows(x, 1, c.x_floats(), c.x_floats());
  will_read_rows(dy, 1, c.y_floats(), c.y_floats());
  std::vector<double> sums(static_cast<size_t>(c.w_floats()), 0.0), ordered(sums.size());
  for (int64_t n = 0; n < c.batch; ++n) {
    const auto patches = patches_of(c, x + n * c.in * c.height * c.width);
    Factor(c.places(), c.patch(), View<float>{patches.data(), 1, c.places()}, rounding_of(c.set.math))
        .multiply(c.out, View<float>{dy + n * c.out * c.places(), c.places(), 1}, sums.data());
  }
  for (int64_t k = 0; k < c.out; ++k)
    for (int64_t e = 0; e < c.patch(); ++e)
      ordered[static_cast<size_t>(k * c.patch() + c.weight_of(e))] = sums[static_cast<size_t>(k * c.patch() + e)];
  store(blend, ordered, dweight);
}

}  // namespace cudasim
