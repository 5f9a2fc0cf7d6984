#include "data/unpaired.h"

#include <algorithm>
#include <array>
#include <thread>

#include "audio/audio.h"
#include "base/error.h"
#include "base/folder.h"
#include "data/split_mix.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// Judged by its name. Other files, such as texts and pictures, are left aside.
bool is_audio_file(const fs::path& path) {
  constexpr std::array<std::string_view, 19> extensions{".aac",  ".aif", ".aiff", ".au",   ".caf", ".flac", ".m4a",
                                                        ".mka",  ".mkv", ".mov",  ".mp3",  ".mp4", ".oga",  ".ogg",
                                                        ".opus", ".w64", ".wav",  ".webm", ".wma"};
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](std::string_view extension) { return ends_in(path, extension); });
}

// Sorted by name.
std::vector<fs::path> audio_files(const fs::path& folder, const char* option) {
  check(is_folder(folder), "data", "{} {}: there is no such folder", option, folder.string());
  std::vector<fs::path> files = files_in(folder);
  std::erase_if(files, [](const fs::path& file) { return !is_audio_file(file); });
  check(!files.empty(), "data", "{} {}: no audio files in this folder, such as .wav, .flac, .mp3, .m4a or .stem.mp4",
        option, folder.string());
  return files;
}

int processors() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace

UnpairedData::UnpairedData(const UnpairedOptions& options) : options_(options) {
  if (!options.mixtures.empty()) mixtures_ = open(options.mixtures, "--unpaired-mixtures");
  if (options.stems.empty()) return;
  check(is_folder(options.stems), "data", "--unpaired-stems {}: there is no such folder", options.stems.string());
  for (const std::string& target : options.targets) {
    const fs::path folder = options.stems / target;
    check(is_folder(folder), "data", "--unpaired-stems {}: the folder {} of target '{}' is missing",
          options.stems.string(), folder.string(), target);
    stems_.push_back(open(folder, "--unpaired-stems"));
  }
}

DecodedTracks UnpairedData::open(const fs::path& folder, const char* option) {
  std::vector<Track> tracks;
  for (const fs::path& file : audio_files(folder, option)) {
    const AudioInfo info = audio_info(file);
    check(info.channels == options_.channels, "data", "{}: {} has {} channel{}, {} are expected (--nb-channels)",
          option, file.string(), info.channels, info.channels == 1 ? "" : "s", options_.channels);
    check(!is_stem_file(file) || info.sample_rate == options_.sample_rate, "data",
          "{}: {} is at {} Hz, a .stem.mp4 at {} Hz is expected", option, file.string(), info.sample_rate,
          options_.sample_rate);
    tracks.push_back({file.filename().string(), {file}, options_.sample_rate, info.channels, info.frames});
  }
  DecodedTracks long_enough;
  for (const auto& track : decode_tracks(tracks, options_.cache, processors())) {
    if (track->frames() >= options_.frames) {
      long_enough.push_back(track);
    } else {
      const auto seconds = [&](int64_t frames) { return static_cast<double>(frames) / options_.sample_rate; };
      left_out_.push_back(fmt::format("{}: {} is left out: its {:.2f} s are shorter than excerpts of {:.2f} s", option,
                                      (folder / track->name()).string(), seconds(track->frames()),
                                      seconds(options_.frames)));
    }
  }
  check(!long_enough.empty(), "data", "{} {}: no file is as long as an excerpt, {:.2f} s (--seq-dur)", option,
        folder.string(), static_cast<double>(options_.frames) / options_.sample_rate);
  return long_enough;
}

void UnpairedData::add_to(Batch& batch, int64_t epoch, int64_t first, int64_t count) const {
  const int64_t targets = static_cast<int64_t>(stems_.size()), size = options_.channels * options_.frames;
  if (has_mixtures()) batch.unpaired_mixture = Tensor::empty({count, options_.channels, options_.frames});
  if (has_stems()) batch.unpaired_stems = Tensor::empty({targets, count, options_.channels, options_.frames});
  for (int64_t b = 0; b < count; ++b) {
    if (has_mixtures()) read(mixtures_, 0, epoch, first + b, batch.unpaired_mixture.data() + b * size);
    for (int64_t k = 0; k < targets; ++k)
      read(stems_[static_cast<size_t>(k)], static_cast<uint64_t>(k + 1), epoch, first + b,
           batch.unpaired_stems.data() + (k * count + b) * size);
  }
}

void UnpairedData::read(const DecodedTracks& files, uint64_t stream, int64_t epoch, int64_t index, float* to) const {
  // Streams of their own beside the sampler's, which are the numbers of epochs.
  constexpr uint64_t kStreams = uint64_t{1} << 32;
  SplitMix random(options_.seed, (stream + 1) * kStreams + static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
  const DecodedTrack& file = *files[static_cast<size_t>(random.below(static_cast<int64_t>(files.size())))];
  file.read(0, random.below(file.frames() - options_.frames + 1), options_.frames, to);
}

}  // namespace unmix
