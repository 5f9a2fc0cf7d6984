#include "data/check_data.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "data/registry.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1 << 20;  // frames: 24 s
constexpr float kFullScale = 32767.0F / 32768;
constexpr int64_t kRun = 3;  // samples at full scale in a row that are no mere peak

// One signal's figures, block by block.
class SignalMeter {
 public:
  void add(const Audio& block, SignalCheck& check) {
    runs_.resize(static_cast<size_t>(block.channels));
    for (int c = 0; c < block.channels; ++c) {
      int64_t& run = runs_[static_cast<size_t>(c)];
      for (const float sample : block.channel(c)) {
        const float magnitude = std::fabs(sample);
        check.peak = std::max(check.peak, magnitude);
        run = magnitude >= kFullScale ? run + 1 : 0;
        if (run >= kRun) check.clipped += run == kRun ? kRun : 1;
      }
    }
    check.sample_rate = block.sample_rate;
    check.channels = block.channels;
    check.seconds += static_cast<double>(block.frames()) / block.sample_rate;
  }

 private:
  std::vector<int64_t> runs_;  // of each channel
};

// Energies of mixtures and of what the sum of their stems leaves.
struct MixtureMeter {
  double mixture = 0.0, rest = 0.0;

  void add(const std::vector<Audio>& block) {
    for (size_t i = 0; i < block[0].samples.size(); ++i) {
      double difference = block[0].samples[i];
      mixture += difference * difference;
      for (size_t k = 1; k < block.size(); ++k) difference -= block[k].samples[i];
      rest += difference * difference;
    }
  }
  double decibels() const { return 10.0 * std::log10((rest + 1e-20) / (mixture + 1e-20)); }
};

std::string signal_name(const ListedTrack& track, size_t index) {
  constexpr const char* kStems[] = {"mixture", "drums", "bass", "other", "vocals"};
  return is_stem_file(track.files[0]) ? kStems[index] : track.files[index].filename().string();
}

class TrackMeter {
 public:
  TrackMeter(const ListedTrack& track, bool has_mixtures, TrackCheck& result)
      : track_(track), has_mixtures_(has_mixtures), result_(result) {}

  void run() {
    if (is_stem_file(track_.files[0])) {
      read_stem_blocks(track_.files[0], [this](const std::vector<Audio>& block) { add(block); });
    } else {
      read_files();
    }
    if (has_mixtures_) result_.mixture_error = mixture_.decibels();
  }

 private:
  // Of a track with a mixture all files have one length.
  void read_files() {
    std::vector<AudioInfo> infos;
    for (const fs::path& file : track_.files) infos.push_back(audio_info(file));
    const auto longest =
        std::max_element(infos.begin(), infos.end(), [](const auto& a, const auto& b) { return a.frames < b.frames; });
    for (int64_t start = 0; start < longest->frames; start += kBlock) {
      std::vector<Audio> block;
      for (size_t i = 0; i < infos.size(); ++i) {
        const int64_t count = std::min(kBlock, infos[i].frames - start);
        block.push_back(count > 0 ? read_audio(track_.files[i], start, count) : Audio{});
      }
      add(block);
    }
  }

  void add(const std::vector<Audio>& block) {
    if (interrupt_requested()) throw Interrupted("interrupted");
    meters_.resize(block.size());
    while (result_.signals.size() < block.size())
      result_.signals.push_back({signal_name(track_, result_.signals.size())});
    for (size_t i = 0; i < block.size(); ++i)
      if (block[i].channels > 0) meters_[i].add(block[i], result_.signals[i]);
    if (has_mixtures_) mixture_.add(block);
  }

  const ListedTrack& track_;
  const bool has_mixtures_;
  TrackCheck& result_;
  std::vector<SignalMeter> meters_;
  MixtureMeter mixture_;
};

TrackCheck check_track(const ListedTrack& track, bool has_mixtures, const char* split) {
  TrackCheck result{track.name, split, track.problem};
  if (!track.problem.empty()) return result;
  try {
    TrackMeter(track, has_mixtures, result).run();
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    result.problem = error.what();
  }
  return result;
}

}  // namespace

bool SignalCheck::silent() const { return peak < 1.0F / 32768; }

double TrackCheck::seconds() const {
  double shortest = signals.empty() ? 0.0 : signals[0].seconds;
  for (const SignalCheck& signal : signals) shortest = std::min(shortest, signal.seconds);
  return shortest;
}

int64_t DataReport::usable(bool training) const {
  return std::count_if(tracks.begin(), tracks.end(), [&](const TrackCheck& track) {
    return track.problem.empty() && track.split == (training ? "train" : "valid");
  });
}

DataReport check_data(const DatasetOptions& options, const std::function<void(size_t, size_t)>& progress) {
  const DatasetEntry& entry = find_dataset(options.dataset);
  const Listing listing = entry.list(options);
  const size_t total = listing.train.size() + listing.valid.size();
  DataReport report{options.dataset, options.root, listing.sample_rate, std::vector<TrackCheck>(total)};
  std::atomic<size_t> next{0};
  std::mutex mutex;
  size_t done = 0;
  std::exception_ptr error;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < total; i = next++) {
        const bool training = i < listing.train.size();
        const ListedTrack& track = training ? listing.train[i] : listing.valid[i - listing.train.size()];
        report.tracks[i] = check_track(track, entry.has_mixtures, training ? "train" : "valid");
        const std::lock_guard lock(mutex);
        if (progress) progress(++done, total);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      next = total;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) workers.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
  return report;
}

}  // namespace unmix
