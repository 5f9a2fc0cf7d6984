// cuDNN's RNN (v8 API): forward, backward data, backward weights. The order of the three, and that they are given the
// same data, is checked by what the reserve space holds: copies of it are as good as the first.
#include <algorithm>
#include <limits>
#include <memory>

#include "tests/cudasim/rnn_buffers.h"

namespace cudasim {
namespace {

void need_same(const char* name, uint64_t now, uint64_t then) {
  if (now != then) fail(fmt::format("{} is not that of the forward pass", name));
}

// The arguments that all three calls share.
struct Call {
  const char* name;
  cudnnHandle_t handle;
  std::shared_ptr<const Layer> layer;
  size_t weight_bytes;
  const void* weights;
  size_t work_bytes;
  void* work;
  size_t reserve_bytes;
  void* reserve;
  bool training = true;

  size_t work_needed() const { return training ? layer->bytes.training_work : layer->bytes.inference_work; }
  Range x(const char* title, const void* data) const { return {title, data, data_bytes(layer->x, layer->sizes)}; }
  Range y(const char* title, const void* data) const { return {title, data, data_bytes(layer->y, layer->sizes)}; }
  Range state(const char* title, const void* data) const {
    return {title, data, layer->state_floats() * sizeof(float)};
  }
  Range weight_space() const { return {"the weight space", weights, layer->bytes.weights, 16}; }
  Range work_space() const { return {"the work space", work, work_needed(), 16}; }
  Range reserve_space() const { return {"the reserve space", training ? reserve : nullptr, layer->bytes.reserve, 16}; }
};

// The persistent algorithm has kernels for these sizes, and all steps of a direction are one.
bool persistent(const Layer& layer) { return layer.rnn.algorithm == CUDNN_RNN_ALGO_PERSIST_STATIC; }
cudnnStatus_t check_persistent(const Call& c) {
  constexpr int kHidden[] = {256, 512, 768, 896, 1024, 1280, 1536};
  const LstmSizes& s = c.layer->sizes;
  if (!persistent(*c.layer)) return CUDNN_STATUS_SUCCESS;
  if (!settings().runs_persistently || std::find(std::begin(kHidden), std::end(kHidden), s.hidden) == std::end(kHidden))
    return unsupported("{}: no persistent kernel for {} units", c.name, s.hidden);
  if (s.lengths.front() != s.lengths.back()) return unsupported("{}: sequences of several lengths", c.name);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check_spaces(const Call& c) {
  CUDASIM_PASS(check_persistent(c));
  const auto need = [&](const char* what, const void* space, size_t bytes, size_t needed) {
    if (space == nullptr) return bad("{}: the {} space is null", c.name, what);
    if (bytes < needed) return bad("{}: a {} space of {} bytes, {} are needed", c.name, what, bytes, needed);
    return CUDNN_STATUS_SUCCESS;
  };
  CUDASIM_PASS(need("weight", c.weights, c.weight_bytes, c.layer->bytes.weights));
  CUDASIM_PASS(need("work", c.work, c.work_bytes, c.work_needed()));
  if (c.training) CUDASIM_PASS(need("reserve", c.reserve, c.reserve_bytes, c.layer->bytes.reserve));
  return CUDNN_STATUS_SUCCESS;
}

// The kernels of the standard algorithm, a product and a cell for each step and direction, and the passes that they
// make over the weights, over the gates of all steps (rows, directions, 4 hidden) and over their cells, beside x and y
// once. What a product for one step reads again stays in the cache.
struct Passes {
  double weights, gates, cells;
  int64_t per_step, once;  // launches for each direction
};
constexpr Passes kForward{1, 3, 1, 2, 1};          // the input's product writes the gates, the cells read and keep them
constexpr Passes kBackwardData{1, 3, 1, 2, 1};     // read, their gradients written, read by the product for dx
constexpr Passes kBackwardWeights{2, 3, 0, 0, 3};  // read by the products for W and R and by the sum for the biases

template <class Work>
cudnnStatus_t submit(const Call& c, const Passes& passes, const Work& work) {
  const Layer& layer = *c.layer;
  const LstmSizes& s = layer.sizes;
  const int64_t recurrent = persistent(layer) && passes.per_step > 0 ? 1 : passes.per_step * s.longest;
  const auto cells = static_cast<double>(s.rows * s.directions * s.hidden) * sizeof(float);
  count_library(c.name, {.flops = layer.flops(),
                         .bytes = passes.weights * static_cast<double>(layer.bytes.weights) +
                                  (4 * passes.gates + passes.cells) * cells +
                                  static_cast<double>(data_bytes(layer.x, s) + data_bytes(layer.y, s)),
                         .launches = static_cast<uint64_t>(s.directions * (recurrent + passes.once))});
  enqueue(c.handle->stream, c.name, [c, work] {
    poison(c.work, c.work_needed());
    work();
  });
  return CUDNN_STATUS_SUCCESS;
}

void run_forward(const Call& call, const void* x, void* y, const void* hx, void* hy, const void* cx, void* cy) {
  const Layer& layer = *call.layer;
  const auto weights = read_weights(layer, call.weights);
  const Floats input = gather(layer.x, layer.sizes, x);
  const LstmState first{read(hx, layer.state_floats()), read(cx, layer.state_floats())};
  Floats output(static_cast<size_t>(layer.sizes.rows * layer.y.width));
  LstmState last;
  for (size_t d = 0; d < weights.size(); ++d) {
    LstmTape tape;
    lstm_forward(layer.sizes, static_cast<int>(d), weights[d], input, first, output, tape, last);
    if (call.training) save_tape(layer, call.reserve, d, tape);
  }
  scatter(layer.y, layer.sizes, {output.begin(), output.end()}, y);
  write(last.h, hy);
  write(last.c, cy);
  if (call.training)
    save_header(call.reserve, {kMagic, kForwardDone, fingerprint(layer), fingerprint(input), fingerprint(output),
                               fingerprint(weights), fingerprint(first.h), fingerprint(first.c)});
}

struct StateGradients {
  const void *dhy, *dcy;
  void *dhx, *dcx;
};

void run_backward_data(const Call& call, const void* y, const void* dy, void* dx, const void* hx, const void* cx,
                       const StateGradients& states) {
  const Layer& layer = *call.layer;
  const size_t count = layer.state_floats();
  Header header = load_header(layer, call.reserve, kForwardDone);
  const auto weights = read_weights(layer, call.weights);
  const Floats first_c = read(cx, count);
  need_same("the weight space", fingerprint(weights), header.weights);
  need_same("y", fingerprint(gather(layer.y, layer.sizes, y)), header.y);
  need_same("hx", fingerprint(read(hx, count)), header.h);
  need_same("cx", fingerprint(first_c), header.c);
  const Floats gradient = gather(layer.y, layer.sizes, dy);
  LstmState state{read(states.dhy, count), read(states.dcy, count)};
  state.h.resize(count);
  state.c.resize(count);
  std::vector<double> sums(static_cast<size_t>(layer.sizes.rows * layer.sizes.input), 0.0);
  for (size_t d = 0; d < weights.size(); ++d) {
    LstmTape tape = load_tape(layer, call.reserve, d);
    lstm_backward_data(layer.sizes, static_cast<int>(d), weights[d], gradient, first_c, tape, state, sums);
    tape.cells.assign(tape.cells.size(), std::numeric_limits<float>::quiet_NaN());
    save_tape(layer, call.reserve, d, tape);
  }
  scatter(layer.x, layer.sizes, sums, dx);
  write(state.h, states.dhx);
  write(state.c, states.dcx);
  header.stage = kDataDone;
  save_header(call.reserve, header);
}

void add(const std::vector<double>& values, int64_t first, int64_t count, float* target) {
  will_read_rows(target, 1, count, count);
  will_write_rows(target, 1, count, count);
  for (int64_t i = 0; i < count; ++i)
    target[i] = static_cast<float>(static_cast<double>(target[i]) + values[static_cast<size_t>(first + i)]);
}

void run_backward_weights(const Call& call, const void* x, const void* hx, const void* y, float* sums) {
  const Layer& layer = *call.layer;
  const Header header = load_header(layer, call.reserve, kDataDone);
  const Floats input = gather(layer.x, layer.sizes, x), output = gather(layer.y, layer.sizes, y);
  const Floats first_h = read(hx, layer.state_floats());
  need_same("x", fingerprint(input), header.x);
  need_same("y", fingerprint(output), header.y);
  need_same("hx", fingerprint(first_h), header.h);
  const int64_t hidden = layer.rnn.hidden;
  for (size_t d = 0; d < layer.places.directions.size(); ++d) {
    const auto tape = load_tape(layer, call.reserve, d);
    const auto g = lstm_backward_weights(layer.sizes, static_cast<int>(d), tape.gates, input, output, first_h);
    const auto& place = layer.places.directions[d];
    for (size_t i = 0; i < 8; ++i) {
      const int64_t size = hidden * (i < 4 ? layer.rnn.input : hidden), gate = static_cast<int64_t>(i % 4);
      add(i < 4 ? g.input : g.recurrent, gate * size, size, sums + place.matrix[i]);
      if (place.bias[i] >= 0) add(g.bias, gate * hidden, hidden, sums + place.bias[i]);
    }
  }
  poison(call.reserve, layer.bytes.reserve);  // it may be overwritten: whoever wants it again has kept a copy
}

}  // namespace
}  // namespace cudasim

using namespace cudasim;

// The lengths on the device are not looked at: those of the descriptors count.
cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode, const int32_t[],
                              cudnnRNNDataDescriptor_t x_desc, const void* x, cudnnRNNDataDescriptor_t y_desc, void* y,
                              cudnnTensorDescriptor_t h_desc, const void* hx, void* hy, cudnnTensorDescriptor_t c_desc,
                              const void* cx, void* cy, size_t weight_bytes, const void* weights, size_t work_bytes,
                              void* work, size_t reserve_bytes, void* reserve) {
  const char* name = "cudnnRNNForward";
  CUDASIM_PASS(check_rnn(name, handle, rnn, x_desc, y_desc, h_desc, c_desc));
  if (x == nullptr || y == nullptr) return bad("{}: x or y is null", name);
  if ((h_desc == nullptr && (hx != nullptr || hy != nullptr)) ||
      (c_desc == nullptr && (cx != nullptr || cy != nullptr)))
    return bad("{}: a state without a descriptor", name);
  const Call c{name,
               handle,
               std::make_shared<Layer>(*rnn, *x_desc, *y_desc),
               weight_bytes,
               weights,
               work_bytes,
               work,
               reserve_bytes,
               reserve,
               mode == CUDNN_FWD_MODE_TRAINING};
  CUDASIM_PASS(check_spaces(c));
  need_device(name, {c.x("x", x), c.state("hx", hx), c.state("cx", cx), c.weight_space()},
              {c.y("y", y), c.state("hy", hy), c.state("cy", cy), c.work_space(), c.reserve_space()});
  return submit(c, kForward, [=] { run_forward(c, x, y, hx, hy, cx, cy); });
}

cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const int32_t[],
                                      cudnnRNNDataDescriptor_t y_desc, const void* y, const void* dy,
                                      cudnnRNNDataDescriptor_t x_desc, void* dx, cudnnTensorDescriptor_t h_desc,
                                      const void* hx, const void* dhy, void* dhx, cudnnTensorDescriptor_t c_desc,
                                      const void* cx, const void* dcy, void* dcx, size_t weight_bytes,
                                      const void* weights, size_t work_bytes, void* work, size_t reserve_bytes,
                                      void* reserve) {
  const char* name = "cudnnRNNBackwardData_v8";
  CUDASIM_PASS(check_rnn(name, handle, rnn, x_desc, y_desc, h_desc, c_desc));
  if (y == nullptr || dy == nullptr || dx == nullptr) return bad("{}: y, dy or dx is null", name);
  const Call c{name,         handle,        std::make_shared<Layer>(*rnn, *x_desc, *y_desc),
               weight_bytes, weights,       work_bytes,
               work,         reserve_bytes, reserve};
  CUDASIM_PASS(check_spaces(c));
  need_device(name,
              {c.y("y", y), c.y("dy", dy), c.state("hx", hx), c.state("cx", cx), c.state("dhy", dhy),
               c.state("dcy", dcy), c.weight_space()},
              {c.x("dx", dx), c.state("dhx", dhx), c.state("dcx", dcx), c.work_space(), c.reserve_space()});
  return submit(c, kBackwardData, [=] { run_backward_data(c, y, dy, dx, hx, cx, {dhy, dcy, dhx, dcx}); });
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnWgradMode_t mode,
                                         const int32_t[], cudnnRNNDataDescriptor_t x_desc, const void* x,
                                         cudnnTensorDescriptor_t h_desc, const void* hx,
                                         cudnnRNNDataDescriptor_t y_desc, const void* y, size_t weight_bytes,
                                         void* sums, size_t work_bytes, void* work, size_t reserve_bytes,
                                         void* reserve) {
  const char* name = "cudnnRNNBackwardWeights_v8";
  CUDASIM_PASS(check_rnn(name, handle, rnn, x_desc, y_desc, h_desc, h_desc));
  if (mode != CUDNN_WGRAD_MODE_ADD) return unsupported("{}: cuDNN adds only", name);
  if (x == nullptr || y == nullptr) return bad("{}: x or y is null", name);
  const Call c{name,         handle,        std::make_shared<Layer>(*rnn, *x_desc, *y_desc),
               weight_bytes, sums,          work_bytes,
               work,         reserve_bytes, reserve};
  CUDASIM_PASS(check_spaces(c));
  need_device(name, {c.x("x", x), c.y("y", y), c.state("hx", hx)},
              {c.weight_space(), c.work_space(), c.reserve_space()});
  return submit(c, kBackwardWeights, [=] { run_backward_weights(c, x, hx, y, static_cast<float*>(sums)); });
}
