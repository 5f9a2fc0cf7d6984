#include "data/check_data.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "data/registry.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr float kFullScale = 32767.0F / 32768;
constexpr int64_t kRun = 3;  // samples at full scale in a row that are no mere peak

SignalCheck check_signal(const std::string& name, const Audio& audio) {
  SignalCheck check{name, audio.sample_rate, audio.channels, static_cast<double>(audio.frames()) / audio.sample_rate};
  for (int c = 0; c < audio.channels; ++c) {
    int64_t run = 0;
    for (const float sample : audio.channel(c)) {
      const float magnitude = std::fabs(sample);
      check.peak = std::max(check.peak, magnitude);
      run = magnitude >= kFullScale ? run + 1 : 0;
      if (run >= kRun) check.clipped += run == kRun ? kRun : 1;
    }
  }
  return check;
}

// Energy of what the sum of the stems leaves of the mixture, the first part, against the mixture's, in dB.
double mixture_error(const std::vector<Audio>& parts) {
  double mixture = 0.0, rest = 0.0;
  for (size_t i = 0; i < parts[0].samples.size(); ++i) {
    double difference = parts[0].samples[i];
    mixture += difference * difference;
    for (size_t k = 1; k < parts.size(); ++k) difference -= parts[k].samples[i];
    rest += difference * difference;
  }
  return 10.0 * std::log10((rest + 1e-20) / (mixture + 1e-20));
}

std::string signal_name(const Track& track, size_t index) {
  if (!is_stem_file(track.files[0])) return track.files[index].filename().string();
  return index == 0 ? "mixture" : musdb_sources.at(index - 1);
}

// What training is given in place of a decoded track: its form, or why it cannot be decoded.
struct Decoded {
  AudioInfo form;
  int parts = 0;
  std::string problem;
};

// Decodes the track as training does; the figures are those of its files as they are.
Decoded decode(const Track& track, bool has_mixtures, TrackCheck& result) {
  try {
    std::vector<Audio> parts = read_parts(track);
    for (size_t i = 0; i < parts.size(); ++i) result.signals.push_back(check_signal(signal_name(track, i), parts[i]));
    fit_parts(track, parts);
    if (has_mixtures) result.mixture_error = mixture_error(parts);
    return {{parts[0].sample_rate, parts[0].channels, parts[0].frames()}, static_cast<int>(parts.size()), ""};
  } catch (const Error& error) {
    if (result.problem.empty()) result.problem = error.what();
    return {{}, 0, error.what()};
  }
}

class DataCheck {
 public:
  DataCheck(const DatasetOptions& options, const std::function<void(size_t, size_t)>& progress)
      : options_(options), entry_(find_dataset(options.dataset)), listing_(entry_.list(options)), progress_(progress) {}

  DataReport run() {
    const size_t total = listing_.train.size() + listing_.valid.size();
    DataReport report{options_.dataset, options_.root, listing_.sample_rate, std::vector<TrackCheck>(total)};
    decode_all(report.tracks);
    try {
      report.opened = entry_.open(options_, [this](const std::vector<Track>& tracks) { return forms_of(tracks); });
    } catch (const Error& error) {
      report.failure = error.what();
    }
    return report;
  }

 private:
  void decode_all(std::vector<TrackCheck>& checks) {
    std::atomic<size_t> next{0};
    std::exception_ptr error;
    size_t done = 0;
    const auto work = [&] {
      try {
        for (size_t i = next++; i < checks.size(); i = next++) {
          const bool training = i < listing_.train.size();
          const ListedTrack& track = training ? listing_.train[i] : listing_.valid[i - listing_.train.size()];
          checks[i] = check_track(track, training ? "train" : "valid");
          const std::lock_guard lock(mutex_);
          if (progress_) progress_(++done, checks.size());
        }
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error) error = std::current_exception();
        next = checks.size();
      }
    };
    {
      std::vector<std::jthread> workers;
      for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) workers.emplace_back(work);
      work();
    }
    if (error) std::rethrow_exception(error);
  }

  // A data set with mixtures decodes the files of a track together, others each by itself.
  TrackCheck check_track(const ListedTrack& listed, const char* split) {
    TrackCheck result{listed.name, split, listed.problem, listed.doubt};
    if (!listed.problem.empty()) return result;
    std::vector<Track> tracks;
    if (entry_.has_mixtures) {
      tracks.push_back({listed.name, listed.files});
    } else {
      for (const fs::path& file : listed.files) tracks.push_back({listed.name, {file}, listing_.sample_rate});
    }
    for (const Track& track : tracks) {
      if (interrupt_requested()) throw Interrupted("interrupted");
      Decoded decoded = decode(track, entry_.has_mixtures, result);
      const std::lock_guard lock(mutex_);
      decoded_[track.files] = std::move(decoded);
    }
    return result;
  }

  DecodedTracks forms_of(const std::vector<Track>& tracks) const {
    DecodedTracks forms;
    for (const Track& track : tracks) {
      const auto known = decoded_.find(track.files);
      TrackCheck unused;
      const Decoded decoded = known != decoded_.end() ? known->second : decode(track, false, unused);
      if (!decoded.problem.empty()) throw Error(decoded.problem);
      forms.push_back(std::make_shared<const DecodedTrack>(track.name, decoded.parts, decoded.form));
    }
    return forms;
  }

  const DatasetOptions& options_;
  const DatasetEntry& entry_;
  const Listing listing_;
  const std::function<void(size_t, size_t)>& progress_;
  std::mutex mutex_;
  std::map<std::vector<fs::path>, Decoded> decoded_;
};

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
  return DataCheck(options, progress).run();
}

}  // namespace unmix
