// Separated tracks to look at and to listen to: spectrograms and short excerpts of references and estimates.
#pragma once

#include "report/material.h"

namespace unmix {

struct Player {
  std::string label;
  std::filesystem::path file;  // .mp3, which every browser plays
};

// One spectrogram sheet and the signals it shows, from top to bottom.
struct Exhibit {
  std::string title;
  std::filesystem::path picture;  // .png
  std::vector<Player> players;
};

struct ExampleSong {
  std::string track;
  double start, duration;  // of the excerpt, seconds
  std::vector<Exhibit> exhibits;
};

// Writes pictures and excerpts of up to three tracks into `folder`, which exists: the mixture, then per target the
// reference and the estimates of up to five methods, with their SDR over the whole track where that is known. What
// cannot be read becomes a problem.
std::vector<ExampleSong> write_examples(const std::filesystem::path& folder, Material& material);

}  // namespace unmix
