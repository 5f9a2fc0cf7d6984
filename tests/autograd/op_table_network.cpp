// LSTM, batch normalisation and the two fused ends of Open-Unmix.
#include <algorithm>

#include "autograd/openunmix_ops.h"
#include "autograd/ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/op_references.h"

namespace unmix::test {
namespace {

constexpr float kEps = 1e-5f;

OpRow lstm_row(const std::string& variant, const LstmShape& s) {
  std::vector<OpInput> inputs{uniform({s.steps, s.batch, s.input})};
  for (int d = 0; d < s.directions; ++d)
    for (const Shape& rest : {Shape{s.input}, Shape{s.hidden}, Shape{}, Shape{}}) {
      inputs.push_back(uniform(rest));
      inputs.back().shape.insert(inputs.back().shape.begin(), 4 * s.hidden);
    }
  const Function function = [](const Vars& v) {
    std::vector<LstmParameters> directions;
    for (size_t i = 1; i < v.size(); i += 4) directions.push_back({v[i], v[i + 1], v[i + 2], v[i + 3]});
    return lstm(v[0], directions);
  };
  const Reference reference = [s](const Arrays& in) {
    std::vector<Doubles> weights;
    for (size_t i = 1; i < in.size(); ++i) weights.push_back(in[i].values);
    return reference_lstm(s, in[0].values, weights);
  };
  return {"lstm", variant, inputs, function, reference};
}

// Running statistics for evaluation: mean 0.1 c - 0.2, variance 0.5 + 0.25 c of channel c.
ReferenceStatistics running_statistics(int64_t channels) {
  ReferenceStatistics s;
  for (int64_t c = 0; c < channels; ++c) {
    s.mean.push_back(static_cast<float>(0.1 * static_cast<double>(c) - 0.2));
    s.variance.push_back(0.5 + 0.25 * static_cast<double>(c));
  }
  return s;
}

BatchStatistics running_tensors(int64_t channels, Device device) {
  const auto tensor = [&](const Doubles& values) {
    return Tensor::from(std::vector<float>(values.begin(), values.end()), {channels}, device);
  };
  const ReferenceStatistics s = running_statistics(channels);
  return {tensor(s.mean), tensor(s.variance)};
}

// x, weight, bias in that order.
Doubles normalized(const Arrays& in, bool training) {
  const Array& x = in[0];
  const int64_t channels = x.shape[1], inner = static_cast<int64_t>(x.values.size()) / (x.shape[0] * channels);
  Doubles y = reference_normalize(x, training ? reference_statistics(x) : running_statistics(channels), kEps);
  for (size_t i = 0; i < y.size(); ++i) {
    const int64_t c = static_cast<int64_t>(i) / inner % channels;
    y[i] = y[i] * in[1][c] + in[2][c];
  }
  return y;
}

OpRow batch_norm_row(const std::string& variant, const Shape& shape, bool training) {
  const int64_t channels = shape[1];
  const Function function = [=](const Vars& v) {
    BatchStatistics running = running_tensors(channels, v[0].device());
    return batch_norm(v[0], {v[1], v[2], &running, training});
  };
  return {"batch_norm",
          variant + (training ? "_training" : "_evaluation"),
          {uniform(shape, -2.0, 2.0), uniform({channels}, 0.5, 1.5), uniform({channels})},
          function,
          [training](const Arrays& in) { return normalized(in, training); }};
}

OpRow standardize_row(const std::string& variant, int64_t bins, int64_t kept) {
  const Reference reference = [=](const Arrays& in) {
    Doubles y;
    for (int64_t row = 0; row < static_cast<int64_t>(in[0].values.size()) / bins; ++row)
      for (int64_t b = 0; b < kept; ++b) y.push_back((in[0][row * bins + b] + in[1][b]) * in[2][b]);
    return y;
  };
  return {"standardize",
          variant,
          {uniform({3, 2, bins}), uniform({kept}), uniform({kept}, 0.5, 2.0)},
          [](const Vars& v) { return standardize(v[0], v[1], v[2]); },
          reference};
}

// Before the ReLU: batch_norm(x) * scale + shift.
Doubles head_values(const Arrays& in, bool training) {
  Doubles y = normalized(in, training);
  const int64_t bins = in[3].shape[0];
  for (size_t i = 0; i < y.size(); ++i) {
    const int64_t b = static_cast<int64_t>(i) % bins;
    y[i] = y[i] * in[3][b] + in[4][b];
  }
  return y;
}

OpRow mask_head_row(const std::string& variant, int64_t rows, int64_t channels, int64_t bins, bool training,
                    bool given) {
  const int64_t columns = channels * bins;
  const Function function = [=](const Vars& v) {
    BatchStatistics running = running_tensors(columns, v[0].device());
    const Tensor out = given ? Tensor::empty({rows, columns}, v[0].device()) : Tensor();
    return mask_head(v[0], {v[1], v[2], &running, training}, v[3], v[4], out);
  };
  const Reference reference = [training](const Arrays& in) {
    Doubles y = head_values(in, training);
    for (double& value : y) value = std::max(value, 0.0);
    return y;
  };
  return {"mask_head",
          variant + (training ? "_training" : "_evaluation"),
          {uniform({rows, columns}, -2.0, 2.0), uniform({columns}, 0.5, 1.5), uniform({columns}),
           uniform({bins}, 1.0, 2.0), uniform({bins})},
          function,
          reference,
          [training](const Arrays& in) { return head_values(in, training); }};
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> network_rows() {
  std::vector<OpRow> rows = {
      // steps, batch, input, hidden, directions
      lstm_row("one_direction", {3, 2, 3, 2, 1}),
      lstm_row("two_directions", {3, 2, 3, 2, 2}),
      lstm_row("one_step", {1, 2, 2, 3, 2}),
      lstm_row("many_sequences", {2, 18, 2, 2, 2}),
      standardize_row("", 4, 3),
      standardize_row("all_bins", 3, 3),
      mask_head_row("given_output", 4, 1, 3, true, true),
  };
  for (const bool training : {true, false}) {
    rows.push_back(batch_norm_row("rows", {5, 3}, training));
    rows.push_back(batch_norm_row("sequences", {3, 2, 4}, training));
    rows.push_back(batch_norm_row("images", {2, 3, 2, 2}, training));
    rows.push_back(mask_head_row("one_channel", 4, 1, 4, training, false));
    rows.push_back(mask_head_row("two_channels", 4, 2, 3, training, false));
  }
  return rows;
}
// clang-format on

}  // namespace unmix::test
