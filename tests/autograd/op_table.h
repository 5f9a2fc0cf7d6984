// Every differentiable operation with small inputs, its call, and a plain computation of the same in double.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/autograd/gradient_check.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {

struct OpInput {
  Shape shape;
  double low = -1.0, high = 1.0;
  double hole = 0.0, gap = 0.0;  // no value within `gap` of `hole`
  bool distinct = false;         // all values kKinkDistance or more apart
  bool constant = false;         // never differentiated
};

// Uniform in [low, high); the same but kKinkDistance or more from `kink`; pairwise distinct; a constant.
OpInput uniform(Shape shape, double low = -1.0, double high = 1.0);
OpInput away_from(double kink, Shape shape, double low = -1.0, double high = 1.0);
OpInput distinct(Shape shape);
OpInput constant(OpInput input);

using Arrays = std::vector<Array>;
using Reference = std::function<std::vector<double>(const Arrays&)>;

struct OpRow {
  std::string op, variant;
  std::vector<OpInput> inputs;
  Function function;
  Reference reference;
  // Distance of intermediate values from kinks, where the inputs alone do not tell; draws are repeated until it is
  // kKinkDistance.
  Reference intermediates = {};

  std::string name() const { return variant.empty() ? op : op + "_" + variant; }
};

// The table, and the parts that it is put together from.
const std::vector<OpRow>& op_table();
std::vector<OpRow> pointwise_rows();
std::vector<OpRow> shape_rows();
std::vector<OpRow> product_rows();
std::vector<OpRow> network_rows();
std::vector<OpRow> spectrum_rows();
std::vector<OpRow> loss_rows();

// The same inputs for the same row.
Inputs make_inputs(const OpRow& row);

}  // namespace unmix::test
