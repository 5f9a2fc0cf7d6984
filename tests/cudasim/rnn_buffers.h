// What the calls of cuDNN's RNN read from and write to the caller's buffers. For use inside work.
#pragma once

#include "tests/cudasim/cudnn_rnn.h"

namespace cudasim {

constexpr uint64_t kMagic = 0x6d74736c6e6e6475;
enum Stage : uint64_t { kForwardDone = 1, kDataDone = 2 };

// At the start of the reserve space: what was done last, and with what.
struct Header {
  uint64_t magic, stage, problem, x, y, weights, h, c;
};
static_assert(sizeof(Header) <= kReserveHeader * sizeof(float));

// What work needs of the descriptors, which may be gone when it runs. Persistent kernels of float do not round.
struct Layer {
  Layer(const cudnnRNNStruct& rnn_, const cudnnRNNDataStruct& x_, const cudnnRNNDataStruct& y_)
      : rnn(rnn_),
        x(x_),
        y(y_),
        places(rnn_),
        bytes(rnn_bytes(rnn_, x_)),
        sizes(rnn_.input, rnn_.hidden, rnn_.directions, x_.lengths,
              rnn_.algorithm == CUDNN_RNN_ALGO_STANDARD ? rounding_of(rnn_.math) : Rounding::none) {}
  cudnnRNNStruct rnn;
  cudnnRNNDataStruct x, y;
  WeightPlaces places;
  RnnBytes bytes;
  LstmSizes sizes;

  size_t state_floats() const { return static_cast<size_t>(sizes.directions * sizes.batch * sizes.hidden); }
  double flops() const {
    return 8.0 * static_cast<double>(sizes.rows * sizes.directions * sizes.hidden * (sizes.input + sizes.hidden));
  }
};

// Of values that a later call must be given again.
uint64_t fingerprint(const Floats& values);
uint64_t fingerprint(const Layer& layer);
uint64_t fingerprint(const std::vector<LstmParameters>& weights);

size_t data_bytes(const cudnnRNNDataStruct& data, const LstmSizes& s);

// The valid steps of a buffer, one after another; and back. The padding becomes what the descriptor says, or NaN:
// undefined.
Floats gather(const cudnnRNNDataStruct& data, const LstmSizes& s, const void* from);
void scatter(const cudnnRNNDataStruct& data, const LstmSizes& s, const std::vector<double>& values, void* to);

// Plain ranges; null: an argument left out.
Floats read(const void* from, size_t count);
void write(const Floats& values, void* to);

// Of both directions.
std::vector<LstmParameters> read_weights(const Layer& layer, const void* space);

// The reserve space: the header, then the tapes of all directions.
void save_tape(const Layer& layer, void* reserve, size_t direction, const LstmTape& tape);
LstmTape load_tape(const Layer& layer, void* reserve, size_t direction);
void save_header(void* reserve, const Header& header);
Header load_header(const Layer& layer, const void* reserve, Stage stage);

}  // namespace cudasim
