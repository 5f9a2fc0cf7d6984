#include "tests/cudasim/rnn_buffers.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

namespace cudasim {
namespace {

constexpr uint64_t kStart = 0xcbf29ce484222325;

uint64_t mix(const void* data, size_t bytes, uint64_t hash) {
  const auto* next = static_cast<const unsigned char*>(data);
  for (; bytes >= 4; bytes -= 4, next += 4) {
    uint32_t word = 0;
    std::memcpy(&word, next, 4);
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

uint64_t mix(const Floats& values, uint64_t hash) { return mix(values.data(), values.size() * sizeof(float), hash); }

int64_t place_of(const cudnnRNNDataStruct& data, const LstmSizes& s, int64_t t, int64_t b) {
  if (data.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED) return s.row(t, b);
  return data.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED ? t * data.batch + b : b * data.steps + t;
}

// Calls visit(row among the steps, place in the caller's buffer) for all steps.
template <class Visit>
void for_steps(const cudnnRNNDataStruct& data, const LstmSizes& s, const Visit& visit) {
  for (int64_t t = 0; t < s.longest; ++t)
    for (int64_t b = 0; b < s.batch; ++b)
      if (s.has(t, b)) visit(s.row(t, b) * data.width, place_of(data, s, t, b) * data.width);
}

// The tapes of all directions, after the header.
float* tape_of(const Layer& layer, void* reserve, size_t direction) {
  return static_cast<float*>(reserve) + kReserveHeader +
         static_cast<int64_t>(direction) * 5 * layer.sizes.rows * layer.sizes.hidden;
}

}  // namespace

uint64_t fingerprint(const Floats& values) { return mix(values, kStart); }

uint64_t fingerprint(const Layer& layer) {
  const LstmSizes& s = layer.sizes;
  const int64_t numbers[] = {s.input, s.hidden, s.directions, layer.rnn.bias, layer.x.layout, layer.rnn.algorithm};
  return mix(s.lengths.data(), s.lengths.size() * sizeof(int), mix(numbers, sizeof numbers, kStart));
}

uint64_t fingerprint(const std::vector<LstmParameters>& weights) {
  uint64_t hash = kStart;
  for (const auto& w : weights) hash = mix(w.bias, mix(w.recurrent, mix(w.input, hash)));
  return hash;
}

size_t data_bytes(const cudnnRNNDataStruct& data, const LstmSizes& s) {
  const bool packed = data.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  return static_cast<size_t>((packed ? s.rows : int64_t{data.steps} * data.batch) * data.width) * sizeof(float);
}

Floats gather(const cudnnRNNDataStruct& data, const LstmSizes& s, const void* from) {
  Floats values(static_cast<size_t>(s.rows * data.width));
  for_steps(data, s, [&](int64_t row, int64_t place) {
    const float* source = static_cast<const float*>(from) + place;
    will_read_rows(source, 1, data.width, data.width);
    std::copy_n(source, data.width, values.begin() + row);
  });
  return values;
}

void scatter(const cudnnRNNDataStruct& data, const LstmSizes& s, const std::vector<double>& values, void* to) {
  auto* target = static_cast<float*>(to);
  const size_t bytes = data_bytes(data, s);
  will_write(target, bytes);
  std::fill_n(target, bytes / sizeof(float), data.has_fill ? data.fill : std::numeric_limits<float>::quiet_NaN());
  for_steps(data, s, [&](int64_t row, int64_t place) {
    std::transform(values.begin() + row, values.begin() + row + data.width, target + place,
                   [](double value) { return static_cast<float>(value); });
  });
}

Floats read(const void* from, size_t count) {
  if (from == nullptr) return {};
  will_read(from, count * sizeof(float));
  return {static_cast<const float*>(from), static_cast<const float*>(from) + count};
}

void write(const Floats& values, void* to) {
  if (to == nullptr) return;
  will_write(to, values.size() * sizeof(float));
  std::copy(values.begin(), values.end(), static_cast<float*>(to));
}

std::vector<LstmParameters> read_weights(const Layer& layer, const void* space) {
  const auto* first = static_cast<const float*>(space);
  const size_t hidden = static_cast<size_t>(layer.rnn.hidden), input = static_cast<size_t>(layer.rnn.input);
  std::vector<LstmParameters> result;
  for (const auto& place : layer.places.directions) {
    LstmParameters w;
    w.bias.assign(4 * hidden, 0.0f);
    for (size_t i = 0; i < 8; ++i) {
      const Floats matrix = read(first + place.matrix[i], hidden * (i < 4 ? input : hidden));
      Floats& rows = i < 4 ? w.input : w.recurrent;
      rows.insert(rows.end(), matrix.begin(), matrix.end());
      if (place.bias[i] < 0) continue;
      const Floats bias = read(first + place.bias[i], hidden);
      std::transform(bias.begin(), bias.end(), w.bias.begin() + static_cast<int64_t>(i % 4 * hidden),
                     w.bias.begin() + static_cast<int64_t>(i % 4 * hidden), std::plus<>());
    }
    result.push_back(std::move(w));
  }
  return result;
}

void save_tape(const Layer& layer, void* reserve, size_t direction, const LstmTape& tape) {
  float* place = tape_of(layer, reserve, direction);
  write(tape.gates, place);
  write(tape.cells, place + tape.gates.size());
}

LstmTape load_tape(const Layer& layer, void* reserve, size_t direction) {
  const float* place = tape_of(layer, reserve, direction);
  const size_t cells = static_cast<size_t>(layer.sizes.rows * layer.sizes.hidden);
  return {read(place, 4 * cells), read(place + 4 * cells, cells)};
}

void save_header(void* reserve, const Header& header) {
  will_write(reserve, sizeof header);
  std::memcpy(reserve, &header, sizeof header);
}

Header load_header(const Layer& layer, const void* reserve, Stage stage) {
  Header header{};
  will_read(reserve, sizeof header);
  std::memcpy(&header, reserve, sizeof header);
  const char* wanted = stage == kForwardDone ? "a forward pass in training mode" : "backward data";
  if (header.magic != kMagic || header.stage != stage)
    fail(fmt::format("the reserve space is not that of {}, or was used up", wanted));
  if (header.problem != fingerprint(layer)) fail("the reserve space is that of an RNN of other sizes");
  return header;
}

}  // namespace cudasim
