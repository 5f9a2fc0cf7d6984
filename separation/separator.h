// Separates audio with the masks of a model set: the first estimate of source j is mask_j X with the mixture's phase,
// or of soft masks v_j / (eps + sum_i v_i) X with v_j = mask_j |X| (Liutkus & Badeau, "Generalized Wiener filtering
// with fractional power spectrograms", ICASSP 2015); iterations of the multichannel Wiener filter then refine all
// sources of the models together, window by window (wiener.h).
//
// All is done block by block: see mask_states.h for what is kept of a track.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audio/downmix.h"
#include "models/model_files.h"

namespace unmix {

struct SeparatorOptions {
  bool softmask = false;
  std::string residual;  // name of one more estimate, the mixture minus the others; empty: none
  int iterations = 0;    // of the Wiener filter (the program's --niter is 1 unless given)
  int64_t window = 300;  // frames that are filtered together
  // Estimates to give in place of these, each the sum of some of them: name and members.
  std::vector<std::pair<std::string, std::vector<std::string>>> aggregate = {};
  double segment = 0.0;              // seconds that a bidirectional LSTM sees at a time; 0: the whole track
  bool live = false;                 // frame by frame: for unidirectional models only
  Downmix downmix = Downmix::bs775;  // of more than two channels
};

struct Separation {
  std::vector<std::pair<std::string, Audio>> estimates;  // of the mixture's rate, channels and length
  std::vector<std::string> warnings;
};

class Separator {
 public:
  // The models' networks must be on the device. Throws UsageError where the options do not fit the models.
  Separator(ModelSet models, Device device, SeparatorOptions options = {});

  const ModelSet& models() const { return models_; }
  std::vector<std::string> sources() const;  // the names of the estimates

  // Any rate (resampled to the model's and back), any length. A mono signal is given to all channels of the model and
  // their mean is returned; a mono model separates each channel by itself; more channels than the model's and than two
  // are mixed down, or the first are taken, with a warning.
  Separation operator()(const Audio& mixture) const;

  // Whether one pass is enough: all models are unidirectional.
  bool reads_once() const;

  // The same block by block. `open` gives a reader of the mixture from its start, once or twice. `write` gets the next
  // block of each estimate.
  using Open = std::function<std::unique_ptr<AudioReader>()>;
  using Write = std::function<void(const std::vector<Audio>& estimates)>;
  struct Summary {
    int64_t frames = 0;  // of the mixture
    int sample_rate = 0;
    std::vector<std::string> warnings;
  };
  Summary separate(const Open& open, const Write& write) const;

  // Seconds by which an estimate follows the mixture that is read, without the time of resampling and computing: of
  // unidirectional models alone.
  double latency() const;

 private:
  // The sum of weighted sources of the filter, and of the mixture as it was read.
  struct Estimate {
    std::string name;
    std::vector<float> weights;  // of each source of the models; of the filter's residual where it makes one
    float mixture = 0.0f;
  };
  friend class SeparationRun;

  bool filters_residual() const { return options_.iterations > 0 && !options_.residual.empty(); }
  std::vector<Estimate> plain_estimates() const;
  std::vector<Estimate> aggregated(const std::vector<Estimate>& plain) const;
  void check_options() const;

  ModelSet models_;
  Device device_;
  SeparatorOptions options_;
  std::vector<Estimate> estimates_;
};

// {"name": ["target", ...], ...} as --aggregate takes it. Throws UsageError where it is anything else.
std::vector<std::pair<std::string, std::vector<std::string>>> parse_aggregate(const std::string& json);

}  // namespace unmix
