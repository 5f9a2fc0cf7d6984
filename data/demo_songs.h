// Synthetic multitrack songs, the same on every call: something to train on, separate and score without a download.
#pragma once

#include <filesystem>

namespace unmix {

enum class DemoSize {
  full,  // 12 songs to train on, 2 of them for validation, and 2 to test, of 16 s
  tiny,  // 3 to train on, 1 of them for validation, and 2 to test, of 4 s
};

// Writes <root>/train and <root>/test as MUSDB18-HQ has them (16 bit, 44.1 kHz, stereo; the mixture is the exact sum of
// the sources) and the names of the validation songs into <root>/validation.txt. The parent of `root` must exist.
void write_demo_songs(const std::filesystem::path& root, DemoSize size);

}  // namespace unmix
