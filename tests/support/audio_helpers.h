// What the tests of audio/ and data/ share: a temporary folder, signals, stem files, expected messages.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "audio/audio.h"
#include "base/error.h"
#include "tests/support/encoded_files.h"

namespace unmix::test {

// Its own folder under the system's, removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// 0.5 sin(2 pi f t) in channel 0, with f = frequency, 1.5 frequency in channel 1, and so on.
Audio tone(int sample_rate, int channels, int64_t frames, double frequency = 440);

// Uniform noise whose samples are multiples of 2^-15, so that pcm16 holds it exactly.
Audio noise(int sample_rate, int channels, int64_t frames, unsigned seed = 1);

// The message of the Error that the call throws; "" and a failed check if it throws none.
std::string error_of(const std::function<void()>& call);

}  // namespace unmix::test
