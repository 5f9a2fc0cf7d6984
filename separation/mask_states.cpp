#include "separation/mask_states.h"

#include <algorithm>

#include "base/interrupt.h"

namespace unmix {
namespace {

constexpr int64_t kPiece = 512;  // frames whose spectra exist at a time

// Makes room for `count` rows; the first ones stay.
void reserve_rows(Tensor& rows, int64_t count, int64_t hidden, Device device) {
  const int64_t room = rows.defined() ? rows.dim(0) : 0;
  if (room >= count) return;
  Tensor larger = Tensor::empty({std::max(count, room + room / 2), hidden}, device);
  if (room > 0) larger.rows(0, room).copy_from(rows);
  rows = larger;
}

}  // namespace

MaskStates::MaskStates(const ModelSet& models, MixtureSpectra& spectra, const Segments& segments)
    : spectra_(spectra), segments_(segments), lanes_(spectra.lanes()) {
  for (const LoadedModel& model : models.models)
    for (int lane = 0; lane < lanes_; ++lane) {
      sequences_.push_back({model.network.get(), {}, {}, {}, {}});
      if (segments.length == 0)
        reserve_rows(sequences_.back().rows, spectra.expected_frames(), model.network->config().hidden,
                     spectra.device());
    }
}

Tensor MaskStates::rows(size_t network, int lane, int64_t begin, int64_t end) const {
  const Sequence& own = sequences_[network * static_cast<size_t>(lanes_) + static_cast<size_t>(lane)];
  return own.rows.rows(begin - base_, end - base_).reshape({end - begin, 1, own.rows.dim(1)});
}

bool MaskStates::advance(int64_t used) {
  if (complete()) return false;
  drop(used);
  const int64_t begin = final_;
  int64_t end = begin;
  if (begin > 0) end += segments_.overlap;
  for (Sequence& sequence : sequences_)
    if (sequence.shared_h.defined()) sequence.rows.rows(begin - base_, end - base_).copy_from(sequence.shared_h);
  while (!spectra_.ended() && (segments_.length == 0 || end < begin + segments_.length)) {
    stop_if_interrupted();
    const int64_t wanted = segments_.length == 0 ? kPiece : std::min(kPiece, begin + segments_.length - end);
    const std::vector<Tensor> spectra = spectra_.next(wanted);
    for (int lane = 0; lane < lanes_; ++lane) append(lane, end, spectra[static_cast<size_t>(lane)]);
    end += spectra[0].dim(0);
  }
  for (Sequence& sequence : sequences_) run(sequence, begin, end);
  final_ = complete() ? end : end - segments_.overlap;
  return true;
}

void MaskStates::drop(int64_t used) {
  if (used == base_) return;
  const int64_t kept = final_ - used;
  for (Sequence& sequence : sequences_) {
    const Tensor rest = sequence.rows.rows(used - base_, final_ - base_).clone();
    sequence.rows.rows(0, kept).copy_from(rest);
  }
  base_ = used;
}

// h of the networks, of frames `at` on.
void MaskStates::append(int lane, int64_t at_frame, const Tensor& spectrum) {
  const int64_t frames = spectrum.dim(0);
  const Shape shape{frames, 1, spectrum.dim(1), spectrum.dim(2)};
  const Var mixture = reshape(magnitude(Var(spectrum)), shape);
  for (size_t i = static_cast<size_t>(lane); i < sequences_.size(); i += static_cast<size_t>(lanes_)) {
    Sequence& own = sequences_[i];
    const int64_t hidden = own.network->config().hidden, begin = at_frame - base_;
    reserve_rows(own.rows, begin + frames, hidden, spectrum.device());
    own.rows.rows(begin, begin + frames).copy_from(own.network->encode(mixture).value().reshape({frames, hidden}));
  }
}

// h of the frames becomes z, piece by piece in its place.
void MaskStates::run(Sequence& sequence, int64_t begin, int64_t end) {
  stop_if_interrupted();
  const int64_t frames = end - begin, hidden = sequence.rows.dim(1), shared = complete() ? 0 : segments_.overlap;
  Tensor segment = sequence.rows.rows(begin - base_, end - base_).reshape({frames, 1, hidden});
  const Lstm& lstm = sequence.network->lstm();
  const Tensor y = segments_.carried ? lstm.infer(segment, sequence.states) : lstm.infer(segment);
  if (shared > 0) sequence.shared_h = segment.rows(frames - shared, frames).reshape({shared, hidden}).clone();
  for (int64_t first = 0; first < frames; first += kPiece) {
    const int64_t last = std::min(frames, first + kPiece);
    Tensor piece = segment.rows(first, last);
    piece.copy_from(sequence.network->join(Var(piece), Var(y.rows(first, last))).value());
  }
  if (sequence.shared_z.defined()) blend(sequence, segment);
  if (shared > 0) sequence.shared_z = segment.rows(frames - shared, frames).clone();
}

// The first frames go over from the segment before, in equal steps.
void MaskStates::blend(Sequence& sequence, const Tensor& segment) const {
  const int64_t shared = segments_.overlap, hidden = segment.dim(2);
  std::vector<float> share(static_cast<size_t>(shared * hidden));
  for (int64_t i = 0; i < shared * hidden; ++i) {
    const int64_t frame = i / hidden;
    share[static_cast<size_t>(i)] = static_cast<float>(frame + 1) / static_cast<float>(shared + 1);
  }
  const Var before(sequence.shared_z), weight(Tensor::from(share, {shared, 1, hidden}, segment.device()));
  Tensor first = segment.rows(0, shared);
  first.copy_from(add(before, mul(weight, sub(Var(first), before))).value());
}

}  // namespace unmix
