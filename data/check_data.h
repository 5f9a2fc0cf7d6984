// A dry run over a data set's files: what there is, what is wrong with it, and what training would make of it. Every
// file is decoded, on all processors.
#pragma once

#include <nlohmann/json.hpp>

#include "data/listing.h"

namespace unmix {

struct SignalCheck {
  std::string name;     // of its file; "vocals" and the like of a .stem.mp4
  int sample_rate = 0;  // Hz
  int channels = 0;
  double seconds = 0.0;
  float peak = 0.0F;    // largest magnitude
  int64_t clipped = 0;  // samples in runs of three or more at full scale

  bool silent() const;  // no sample reaches one step of 16 bits
};

struct TrackCheck {
  std::string name, split;  // split: train or valid
  std::string problem;      // why it cannot be used; empty: it can
  std::string doubt;        // as of ListedTrack
  std::vector<SignalCheck> signals = {};
  // Energy of the mixture minus the sum of its stems against that of the mixture, in dB; none where the data set has no
  // mixtures.
  std::optional<double> mixture_error = {};

  double seconds() const;  // of the shortest signal
  std::vector<std::string> warnings() const;
};

struct DataReport {
  std::string dataset;
  std::filesystem::path root;
  int sample_rate = 0;  // Hz, of the model
  std::vector<TrackCheck> tracks;
  std::string failure = {};                    // what training would end with; empty: it would begin
  std::shared_ptr<const Dataset> opened = {};  // as training would open it, but without samples; null where it fails

  int64_t usable(bool training) const;  // tracks of train or valid
};

// Throws as the data set's listing does, for missing folders, and Interrupted. `progress(done, total)` is called by one
// thread at a time.
DataReport check_data(const DatasetOptions& options, const std::function<void(size_t, size_t)>& progress = {});

std::string to_text(const DataReport& report);
nlohmann::ordered_json to_json(const DataReport& report);

}  // namespace unmix
