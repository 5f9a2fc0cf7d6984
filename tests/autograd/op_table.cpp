#include "tests/autograd/op_table.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using tolerance::kKinkDistance;

// FNV-1a: a seed from the row's name.
uint64_t seed_of(const std::string& name) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

std::vector<float> draw(const OpInput& input, uint64_t seed) {
  std::vector<float> values = random_values(element_count(input.shape), input.low, input.high, seed);
  if (input.distinct) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] =
          static_cast<float>(1.5 * kKinkDistance * (static_cast<double>(i) - static_cast<double>(values.size()) / 2));
    std::mt19937_64 engine(seed);
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[engine() % i]);
  }
  for (size_t i = 0; i < values.size(); ++i)
    for (uint64_t attempt = 1; std::fabs(values[i] - input.hole) < input.gap; ++attempt)
      values[i] = random_values(1, input.low, input.high, seed + 1000 * attempt + i)[0];
  return values;
}

Inputs draw_all(const OpRow& row, uint64_t seed) {
  Inputs inputs;
  for (const OpInput& input : row.inputs) {
    inputs.tensors.push_back(Tensor::from(draw(input, seed++), input.shape));
    inputs.differentiable.push_back(!input.constant);
  }
  return inputs;
}

bool far_from_kinks(const OpRow& row, const Inputs& inputs) {
  if (!row.intermediates) return true;
  Arrays arrays;
  for (const Tensor& tensor : inputs.tensors) arrays.push_back(array_of(tensor));
  const std::vector<double> values = row.intermediates(arrays);
  return std::all_of(values.begin(), values.end(), [](double v) { return std::fabs(v) >= kKinkDistance; });
}

}  // namespace

OpInput uniform(Shape shape, double low, double high) { return {std::move(shape), low, high}; }

OpInput away_from(double kink, Shape shape, double low, double high) {
  return {std::move(shape), low, high, kink, kKinkDistance};
}

OpInput distinct(Shape shape) {
  OpInput input{std::move(shape)};
  input.distinct = true;
  return input;
}

OpInput constant(OpInput input) {
  input.constant = true;
  return input;
}

const std::vector<OpRow>& op_table() {
  static const std::vector<OpRow> table = [] {
    std::vector<OpRow> rows;
    for (const auto& part :
         {pointwise_rows(), shape_rows(), product_rows(), network_rows(), spectrum_rows(), loss_rows()})
      rows.insert(rows.end(), part.begin(), part.end());
    return rows;
  }();
  return table;
}

Inputs make_inputs(const OpRow& row) {
  for (uint64_t attempt = 0; attempt < 10000; ++attempt) {
    Inputs inputs = draw_all(row, seed_of(row.name()) + 100 * attempt);
    if (far_from_kinks(row, inputs)) return inputs;
  }
  throw std::runtime_error("no inputs of " + row.name() + " are far from its kinks");
}

}  // namespace unmix::test
