// A sheet of spectrograms: one panel per signal, decibels over time and mel frequency, all on one scale.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audio/audio.h"

namespace unmix {

struct Panel {
  std::string title;
  const Audio* audio;
};

struct SheetOptions {
  int columns = 2;
  int panel_width = 560;  // pixels of the spectrogram itself
  int panel_height = 200;
  double top = 16000.0;  // Hz, or half the sample rate where that is less
  double range = 80.0;   // dB below the loudest point of all panels
};

// Writes the sheet as PNG, panels row by row under the heading. Throws where there is no panel or one is empty.
void write_spectrograms(const std::filesystem::path& path, const std::string& heading, const std::vector<Panel>& panels,
                        const SheetOptions& options = {});

}  // namespace unmix
