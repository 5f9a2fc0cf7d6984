#include "tests/support/audio_helpers.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <random>

namespace unmix::test {
TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "unmix-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Audio tone(int sample_rate, int channels, int64_t frames, double frequency) {
  Audio audio{sample_rate, channels, {}};
  for (int c = 0; c < channels; ++c) {
    const double step = 2 * M_PI * frequency * (1 + 0.5 * c) / sample_rate;
    for (int64_t t = 0; t < frames; ++t) {
      audio.samples.push_back(static_cast<float>(0.5 * std::sin(step * static_cast<double>(t))));
    }
  }
  return audio;
}

Audio noise(int sample_rate, int channels, int64_t frames, unsigned seed) {
  std::mt19937 generator(seed);
  Audio audio{sample_rate, channels, {}};
  for (int64_t i = 0; i < frames * channels; ++i) {
    audio.samples.push_back(static_cast<float>(static_cast<int>(generator() % 65536) - 32768) / 32768);
  }
  return audio;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace unmix::test
