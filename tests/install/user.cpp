#include <cstdio>

#include "tensor/tensor.h"

int main() {
  const auto tensor = unmix::Tensor::from(std::vector<float>{0, 1, 2, 3, 4, 5}, {2, 3});
  float sum = 0;
  for (const float value : tensor.to_vector()) sum += value;
  std::printf("%s sum %g\n", unmix::to_string(tensor.shape()).c_str(), sum);
}
