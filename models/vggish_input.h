// What VGGish looks at (Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017, as its
// authors published it): patches of 96 frames x 64 bands of ln(mel + 0.01), no overlap.
//   mel = |STFT| W, window 400 (periodic Hann), hop 160, FFT 512 at 16 kHz, the first frame at the first sample
//   W: 64 triangles of height 1 between 66 points even in m(f) = 1127 ln(1 + f/700) from 125 to 7500 Hz, straight in m,
//   0 at 0 Hz
// A signal's last frames, too few for a patch, are left out; a signal shorter than one patch (0.975 s) is made one with
// zeros at its end.
#pragma once

#include "autograd/ops.h"

namespace unmix {

constexpr int64_t kVggishRate = 16000;  // Hz
constexpr int64_t kVggishFrames = 96, kVggishBands = 64;

// W of any spectrum: (n_fft/2 + 1, 64).
Tensor vggish_mel_weights(double sample_rate, int64_t n_fft);

// Patches of a signal of so many samples at 16 kHz, one or more.
int64_t vggish_patch_count(int64_t samples);

// (signals, samples at 16 kHz) -> (signals * patches, 1, 96, 64), a signal's patches one after another.
Var vggish_patches(const Var& waveforms);

// The same from magnitudes (frames, signals, n_fft/2 + 1) of another STFT, 96 of whose frames make a patch (zeros
// where there are fewer). They are multiplied by 512/n_fft: the sum over a tone's bins grows with n_fft.
Var vggish_patches_of_magnitudes(const Var& magnitudes, double sample_rate);

}  // namespace unmix
