// The spectra of audio that is read block by block: what the STFT of the whole signal gives, at its reflected edges
// too, for audio of any rate (resampled to the model's) and any length (short audio is continued with zeros).
//
// A model with as many channels as the audio takes it as one signal. A mono model takes each channel as a signal of its
// own; a mono signal is given to all channels of a model. Each such signal is a `lane`.
#pragma once

#include "audio/reader.h"
#include "audio/resampler.h"
#include "audio/sample_queue.h"
#include "models/model_files.h"

namespace unmix {

class MixtureSpectra {
 public:
  // The first `channels` channels of the audio. The reader must outlive this.
  MixtureSpectra(AudioReader& reader, const SeparatorConfig& config, int channels, Device device,
                 bool keep_audio = false);

  int lanes() const { return lanes_; }
  Device device() const { return device_; }
  int64_t expected_frames() const;  // by the reader's own account; 0 where it has none

  // The next frames, at least one: of each lane (frames, channels, bins, 2); fewer only at the end, then no lane.
  std::vector<Tensor> next(int64_t frames);

  bool ended() const { return ended_ && next_frame_ == frame_count(); }  // all frames were given
  int64_t frame_count() const { return received_ / config_.hop + 1; }    // once the audio has ended
  int64_t samples() const { return received_; }                          // at the model's rate, once it has ended
  int64_t audio_frames() const { return audio_frames_; }                 // read so far, at the audio's rate

  SampleQueue& audio() { return audio_; }  // with keep_audio: the first channels as read

 private:
  int64_t available() const;
  void read_for(int64_t frames);
  void take(const Audio& block);
  void end();
  void reflect_start();
  Tensor analyse(int lane, int64_t frames) const;

  AudioReader& reader_;
  SeparatorConfig config_;
  int channels_, lanes_;
  Device device_;
  bool keep_audio_;
  Tensor window_;
  Resampler resampler_;
  SampleQueue queue_, audio_;  // the signal with its reflected edges from sample base_ on; the audio as read
  int64_t base_ = 0, received_ = 0, next_frame_ = 0, audio_frames_ = 0;
  bool started_ = false, ended_ = false;
};

}  // namespace unmix
