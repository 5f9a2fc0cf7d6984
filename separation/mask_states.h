// The first of two passes over a mixture: what the networks keep of it. Of each network and frame that is
// z = relu(bn2(fc2([h, lstm(h)]))), `hidden` floats, from which the heads give the masks of that frame alone.
//
// A bidirectional LSTM needs the whole sequence: z of all frames is kept (4 hidden bytes per frame and network), and
// while one network's LSTM runs, two sequences more of that size. With segments the LSTM sees a segment at a time; over
// the frames that two of them share z goes over from the one to the other. A unidirectional LSTM carries its state from
// segment to segment, which changes nothing and needs no overlap.
#pragma once

#include <vector>

#include "separation/spectra.h"

namespace unmix {

struct Segments {
  int64_t length = 0;    // frames; 0: one segment, the whole track
  int64_t overlap = 0;   // frames that each shares with the next, fewer than its length
  bool carried = false;  // the LSTMs' states go on
};

class MaskStates {
 public:
  // The spectra must outlive this.
  MaskStates(const ModelSet& models, MixtureSpectra& spectra, const Segments& segments);

  // The next segment; false where there is none. Frames before `used` are dropped.
  bool advance(int64_t used);

  int64_t end() const { return final_; }              // frames before it have their states
  bool complete() const { return spectra_.ended(); }  // that is all of them
  // z (frames, 1, hidden) of a network and a lane, begin <= frame < end.
  Tensor rows(size_t network, int lane, int64_t begin, int64_t end) const;

 private:
  struct Sequence {
    MaskNetwork* network;
    Tensor rows;                    // (room, hidden) from frame base_ on: z, of the segment at work h
    Tensor shared_h, shared_z;      // of the frames that the last segment shares with the next
    std::vector<LstmState> states;  // carried
  };

  void drop(int64_t used);
  void append(int lane, int64_t at, const Tensor& spectrum);
  void run(Sequence& sequence, int64_t begin, int64_t end);
  void blend(Sequence& sequence, const Tensor& segment) const;

  MixtureSpectra& spectra_;
  Segments segments_;
  int lanes_;
  std::vector<Sequence> sequences_;  // network by network, its lanes
  int64_t base_ = 0, final_ = 0;     // frames
};

}  // namespace unmix
