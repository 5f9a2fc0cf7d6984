#include "separation/spectra.h"

#include <algorithm>

#include "base/error.h"
#include "layers/stft.h"
#include "tensor/stft.h"

namespace unmix {
namespace {

constexpr int64_t kLargestBlock = 65536;  // frames

}  // namespace

MixtureSpectra::MixtureSpectra(AudioReader& reader, const SeparatorConfig& config, int channels, Device device,
                               bool keep_audio)
    : reader_(reader),
      config_(config),
      channels_(channels),
      lanes_(config.channels == 1 ? channels : 1),
      device_(device),
      keep_audio_(keep_audio),
      window_(hann_window(config.n_fft, config.n_fft, device)),
      resampler_(reader.info().sample_rate, config.sample_rate, channels),
      queue_(channels),
      audio_(channels) {}

int64_t MixtureSpectra::expected_frames() const {
  const AudioInfo& info = reader_.info();
  return info.frames < 0 ? 0 : info.frames * config_.sample_rate / info.sample_rate / config_.hop + 2;
}

std::vector<Tensor> MixtureSpectra::next(int64_t frames) {
  while (!ended_ && available() < next_frame_ + frames) read_for(next_frame_ + frames);
  const int64_t count = std::min(frames, available() - next_frame_);
  std::vector<Tensor> spectra;
  for (int lane = 0; lane < (count > 0 ? lanes_ : 0); ++lane) spectra.push_back(analyse(lane, count));
  next_frame_ += count;
  // Half a window before the next frame may still be needed as the mirror image of the end.
  const int64_t keep = std::max(base_, next_frame_ * config_.hop - config_.n_fft / 2 - 1);
  queue_.drop(std::min(keep - base_, queue_.frames()));
  base_ = keep;
  return spectra;
}

// Frames that can be given. Before the end the last one so far is held back where it might be the last of all.
int64_t MixtureSpectra::available() const {
  if (ended_) return frame_count();
  if (!started_) return 0;
  const int64_t reach = received_ - config_.n_fft / 2;  // frame f needs samples up to f hop + n_fft / 2
  return reach < 0 ? 0 : std::min(reach / config_.hop + 1, received_ / config_.hop);
}

// Reads what is missing for `frames` frames since the first, and no more.
void MixtureSpectra::read_for(int64_t frames) {
  const int64_t wanted = std::max((frames - 1) * config_.hop + config_.n_fft / 2, frames * config_.hop);
  const int64_t missing = std::max<int64_t>(1, wanted - received_), rate = config_.sample_rate;
  const int64_t at_audio_rate = (missing * reader_.info().sample_rate + rate - 1) / rate;
  Audio block = reader_.read(std::min(at_audio_rate, kLargestBlock));
  const bool last = block.frames() == 0;
  if (!last) {
    audio_frames_ += block.frames();
    if (block.channels > channels_) block.samples.resize(static_cast<size_t>(block.frames() * channels_));
    block.channels = channels_;
    if (keep_audio_) audio_.push(block);
    return take(resampler_.process(block));
  }
  check(audio_frames_ > 0, "separate", "the mixture holds no samples");
  end();
}

void MixtureSpectra::take(const Audio& block) {
  queue_.push(block);
  received_ += block.frames();
  if (!started_ && received_ > config_.n_fft / 2) reflect_start();
}

void MixtureSpectra::end() {
  // Reflecting the edges needs more than half a window after resampling.
  const int64_t rate = reader_.info().sample_rate;
  const int64_t shortest = (config_.n_fft / 2 + 2) * rate / config_.sample_rate + 2;
  if (audio_frames_ < shortest) {
    const auto zeros = static_cast<size_t>((shortest - audio_frames_) * channels_);
    take(resampler_.process({static_cast<int>(rate), channels_, std::vector<float>(zeros)}));
  }
  take(resampler_.finish());
  for (int c = 0; c < channels_; ++c) {
    const std::vector<float>& signal = queue_.channel(c);
    std::vector<float> mirrored(signal.rbegin() + 1, signal.rbegin() + 1 + config_.n_fft / 2);
    queue_.push_back(c, mirrored);
  }
  ended_ = true;
}

void MixtureSpectra::reflect_start() {
  for (int c = 0; c < channels_; ++c) {
    const std::vector<float>& signal = queue_.channel(c);
    std::vector<float> mirrored(signal.begin() + 1, signal.begin() + 1 + config_.n_fft / 2);
    std::reverse(mirrored.begin(), mirrored.end());
    queue_.push_front(c, mirrored);
  }
  started_ = true;
}

Tensor MixtureSpectra::analyse(int lane, int64_t frames) const {
  const int64_t start = next_frame_ * config_.hop - base_, samples = (frames - 1) * config_.hop + config_.n_fft;
  Tensor signal = Tensor::empty({config_.channels, samples});
  for (int64_t c = 0; c < config_.channels; ++c) {
    const int source = lanes_ > 1 ? lane : channels_ == 1 ? 0 : static_cast<int>(c);
    std::copy_n(queue_.channel(source).begin() + start, samples, signal.data() + c * samples);
  }
  signal = signal.to(device_);
  const StftFrames shape{config_.n_fft, config_.hop, 0, config_.channels, samples, frames, Edge::zero};
  Tensor spectrum = Tensor::empty({frames, config_.channels, shape.bins(), 2}, device_);
  stft_analysis(device_, shape, window_.data(), nullptr, signal.data(), {.spectrum = spectrum.data()});
  return spectrum;
}

}  // namespace unmix
