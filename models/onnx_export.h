// A model as an ONNX file: magnitude spectra in, magnitude spectra of every source out.
//
//   mixture, and one output per source of its name: (batch, channels, bins, frames), batch and frames of any extent
//
// This is the order of torch.stft and of openunmix's own module, whose output it is: mask times mixture, in evaluation
// mode. All networks of the model directory are in one file and take the one input. Weights keep the names of the state
// dict behind "<target>."; the LSTM's are in ONNX's order of gates. nfft, nhop, sample_rate and nb_channels are in the
// file's metadata.
#pragma once

#include <filesystem>

#include "models/model_files.h"

namespace unmix {

// Atomic; throws where the folder does not exist.
void write_onnx(const std::filesystem::path& path, const ModelSet& set);

}  // namespace unmix
