// Loops and sums over tensors (outer, channels, inner) that work channel by channel: batch normalisation, biases.
#pragma once

#include "tensor/launch.h"
#include "tensor/tensor.h"

namespace unmix {

struct Channels {
  int64_t outer, channels, inner;

  // (rows, channels...) with channels on axis 1.
  static Channels of(const Shape& shape) {
    return {shape[0], shape[1], element_count({shape.begin() + 2, shape.end()})};
  }
  HD int64_t per_channel() const { return outer * inner; }
};

namespace channels_detail {

template <class Map>
struct ByColumn {
  Map map;
  int64_t channels;
  HD auto operator()(int64_t row, int64_t channel) const { return map(row * channels + channel, channel); }
};

template <class Map>
struct ByPlane {
  Map map;
  int64_t channels;
  Divider inner;
  HD auto operator()(int64_t channel, int64_t col) const {
    const int64_t plane = inner.quotient(col) * channels + channel;
    return map(plane * inner.divisor() + inner.remainder(col), channel);
  }
};

template <class F>
struct RowsOfPlane {
  F f;
  Divider channels;
  int64_t inner;
  HD void operator()(int64_t row, int64_t col) const { f(row * inner + col, channels.remainder(row)); }
};

template <class F>
struct RowsOfChannels {
  F f;
  int64_t channels;
  HD void operator()(int64_t row, int64_t channel) const { f(row * channels + channel, channel); }
};

}  // namespace channels_detail

// finish(channel, sum of map(index, channel) over all elements of the channel)
template <int N, class Map, class Finish>
void reduce_channels(Device device, const Channels& c, const Map& map, const Finish& finish) {
  using namespace channels_detail;
  if (c.inner == 1)
    reduce_cols<N>(device, c.outer, c.channels, ByColumn<Map>{map, c.channels}, finish);
  else
    reduce_rows<N>(device, c.channels, c.per_channel(), ByPlane<Map>{map, c.channels, Divider(c.inner)}, finish);
}

// f(index, channel) for every element
template <class F>
void for_channels(Device device, const Channels& c, const F& f) {
  using namespace channels_detail;
  if (c.inner == 1)
    parallel_for(device, c.outer, c.channels, RowsOfChannels<F>{f, c.channels});
  else
    parallel_for(device, c.outer * c.channels, c.inner, RowsOfPlane<F>{f, Divider(c.channels), c.inner});
}

}  // namespace unmix
