#include "data/check_data.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

#include "audio/decoders.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "data/registry.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1 << 18;  // frames: 6 s
constexpr float kFullScale = 32767.0F / 32768;
constexpr int64_t kRun = 3;  // samples at full scale in a row that are no mere peak

std::string signal_name(const Track& track, size_t index) {
  return is_stem_file(track.files[0]) ? stem_streams.at(index) : track.files[index].filename().string();
}

// The figures of one part.
struct SignalMeter {
  SignalCheck check = {};
  AudioInfo form = {};
  std::vector<int64_t> runs = {};  // of samples at full scale, of each channel

  void add(const Audio& block) {
    if (block.frames() == 0) return;
    form = {block.sample_rate, block.channels, form.frames + block.frames()};
    check.sample_rate = form.sample_rate;
    check.channels = form.channels;
    check.seconds = form.duration();
    runs.resize(static_cast<size_t>(block.channels));
    for (int c = 0; c < block.channels; ++c) {
      int64_t& run = runs[static_cast<size_t>(c)];
      for (const float sample : block.channel(c)) {
        const float magnitude = std::fabs(sample);
        check.peak = std::max(check.peak, magnitude);
        run = magnitude >= kFullScale ? run + 1 : 0;
        if (run >= kRun) check.clipped += run == kRun ? kRun : 1;
      }
    }
  }
};

// The figures of a track as its files are, block by block: memory does not depend on its length.
class TrackMeter {
 public:
  explicit TrackMeter(const Track& track) : track_(track) {
    if (is_stem_file(track.files[0])) {
      read_stem_blocks(track.files[0], [this](const std::vector<Audio>& block) { add(block); });
    } else {
      read_files();
    }
  }

  std::vector<SignalCheck> signals() const {
    std::vector<SignalCheck> checks;
    for (const SignalMeter& part : parts_) checks.push_back(part.check);
    return checks;
  }

  std::vector<AudioInfo> forms() const {
    std::vector<AudioInfo> forms;
    for (const SignalMeter& part : parts_) forms.push_back(part.form);
    return forms;
  }

  // Energy of what the sum of the stems leaves of the mixture, the first part, against the mixture's, in dB.
  double mixture_error() const { return 10.0 * std::log10((rest_ + 1e-20) / (mixture_ + 1e-20)); }

 private:
  void read_files() {
    std::vector<std::unique_ptr<AudioReader>> readers;
    for (const fs::path& file : track_.files) readers.push_back(open_audio(file));
    for (bool more = true; more;) {
      std::vector<Audio> block;
      for (const auto& reader : readers) block.push_back(reader->read(kBlock));
      add(block);
      more = std::any_of(block.begin(), block.end(), [](const Audio& part) { return part.frames() > 0; });
    }
    for (size_t i = 0; i < readers.size(); ++i) check_range(track_.files[i].string(), 0, -1, parts_[i].form.frames);
  }

  void add(const std::vector<Audio>& block) {
    if (interrupt_requested()) throw Interrupted("interrupted");
    while (parts_.size() < block.size()) parts_.push_back({.check = {signal_name(track_, parts_.size())}});
    for (size_t i = 0; i < block.size(); ++i) parts_[i].add(block[i]);
    if (block.size() == 1) return;
    const auto alike = [&](const Audio& part) { return part.samples.size() == block[0].samples.size(); };
    if (!std::all_of(block.begin(), block.end(), alike)) return;  // no track, as form_of will say
    for (size_t i = 0; i < block[0].samples.size(); ++i) {
      double difference = block[0].samples[i];
      mixture_ += difference * difference;
      for (size_t k = 1; k < block.size(); ++k) difference -= block[k].samples[i];
      rest_ += difference * difference;
    }
  }

  const Track& track_;
  std::vector<SignalMeter> parts_;
  double mixture_ = 0.0, rest_ = 0.0;
};

// What training is given in place of a decoded track: its form, or why it cannot be decoded.
struct Decoded {
  AudioInfo form;
  int parts = 0;
  std::string problem;
};

// Decodes the track as training does.
Decoded decode(const Track& track, bool has_mixtures, TrackCheck& result) {
  try {
    const TrackMeter meter(track);
    const std::vector<SignalCheck> signals = meter.signals();
    result.signals.insert(result.signals.end(), signals.begin(), signals.end());
    const AudioInfo form = form_of(track, meter.forms());
    if (has_mixtures) result.mixture_error = meter.mixture_error();
    return {form, static_cast<int>(signals.size()), ""};
  } catch (const Interrupted&) {
    throw;
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
    } catch (const Interrupted&) {
      throw;
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
