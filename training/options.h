// Everything that decides a training run, with the names and defaults of the command line (option_table.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/registry.h"
#include "losses/gan.h"
#include "losses/objective.h"
#include "tensor/gemm.h"

namespace unmix {

struct TrainOptions : DatasetOptions {
  std::string loss = "L2freq";
  std::string variant = "seed";  // seed | paper
  std::string architecture;      // joint | single; empty: single where there is one target
  std::filesystem::path output = "unmix-model";
  std::filesystem::path checkpoint;  // a model directory to resume
  std::filesystem::path model;       // a model directory to start from
  bool overwrite = false;            // a model that the output folder holds may go
  double checkpoint_minutes = 10.0;  // between two saves of the state within an epoch; 0: none
  std::filesystem::path cache;       // of decoded stems; empty: the user's cache folder
  int epochs = 1000;
  int batch_size = 16;
  std::string lr = "0.001";  // a number, or auto: the study's for this loss
  int patience = 140;
  int lr_decay_patience = 80;
  double lr_decay_gamma = 0.3;
  double weight_decay = 1e-5;
  double clip_gradient_norm = 0.0;  // 0: off
  bool unidirectional = false;
  int64_t nfft = 4096, nhop = 1024;
  int64_t hidden_size = 512;
  int nb_layers = 3;
  double dropout = 0.4;
  double bandwidth = 16000.0;  // Hz
  int nb_workers = 1;
  std::string precision = "fp32";                           // fp32 | tf32 | bf16
  std::string discriminator;                                // of Adversarial: patch | dcgan; empty: patch
  std::string gan;                                          // lsgan | hinge; empty: lsgan
  double feature_matching = 0.0;                            // its weight
  bool spectral_norm = false;                               // of the discriminators
  std::filesystem::path vggish;                             // weights of DeepFeature's network; empty: random ones
  std::string vggish_frontend;                              // waveform | spectrogram; empty: waveform
  std::filesystem::path unpaired_mixtures, unpaired_stems;  // folders for the discriminators; empty: none
  bool balance = false;                                     // the terms of a sum weighted by their gradients
  bool quiet = false;
  std::string label;  // in front of messages where several runs share a terminal: "L2freq: "
  Device device = Device::cpu;

  bool joint() const {
    return architecture == "joint" || (architecture.empty() && target.empty() && dataset == "musdb");
  }
  std::string model_name() const { return joint() ? "joint" : target_of(*this); }
  std::filesystem::path cache_folder() const { return cache.empty() ? default_cache_folder() : cache; }
  bool shows_progress() const { return !quiet && label.empty(); }  // bars, of which a terminal has room for one
  Variant loss_variant() const;
  Precision arithmetic() const;
  double learning_rate() const;
  bool adversarial() const;    // whether the loss has discriminators
  bool deep_features() const;  // whether the loss has VGGish features
  std::string vggish_frontend_name() const { return vggish_frontend.empty() ? "waveform" : vggish_frontend; }
  std::string discriminator_name() const { return discriminator.empty() ? "patch" : discriminator; }
  Gan gan_kind() const { return gan.empty() ? Gan::lsgan : parse_gan(gan); }
  std::vector<std::string> targets() const;  // of the network's heads

  // Throws UsageError for values that cannot be, alone or together.
  void validate() const;
};

// As written to <target>.json under "args".
nlohmann::json to_json(const TrainOptions& options);

// The first difference between two runs' args that a resumed run may not have ("--nfft was 4096, now 2048"), or "".
std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace unmix
