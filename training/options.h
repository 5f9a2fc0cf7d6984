// Everything that decides a training run, with the names and defaults of the command line (option_table.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/registry.h"
#include "losses/objective.h"
#include "models/discriminator.h"
#include "models/registry.h"
#include "models/vggish.h"
#include "tensor/gemm.h"
#include "tensor/lstm_engine.h"

namespace unmix {

struct LearningRate {
  std::optional<double> value = 1e-3;  // none ("auto"): the study's for the loss
  bool operator==(const LearningRate&) const = default;
};

struct TrainOptions : DatasetOptions {
  Objective loss{"L2freq"};
  Variant variant = Variant::code;
  const ModelEntry* architecture = nullptr;  // of the registry; null: default_model
  std::filesystem::path output = "unmix-model";
  std::filesystem::path checkpoint;  // a model directory to resume
  std::filesystem::path model;       // a model directory to start from
  bool overwrite = false;            // a model that the output folder holds may go
  double checkpoint_minutes = 10.0;  // between two saves of the state within an epoch; 0: none
  std::filesystem::path cache;       // of decoded stems; empty: the user's cache folder
  int epochs = 1000;
  int batch_size = 16;
  LearningRate lr;
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
  Precision precision = Precision::fp32;
  LstmEngine lstm_engine = LstmEngine::automatic;           // on CUDA
  const DiscriminatorEntry* discriminator = nullptr;        // of the registry; null: its first
  std::optional<Gan> gan;                                   // none: lsgan
  double feature_matching = 0.0;                            // its weight
  bool spectral_norm = false;                               // of the discriminators
  std::filesystem::path vggish;                             // weights of VGGish; empty: random ones
  std::optional<VggishFrontend> vggish_frontend;            // none: waveform
  std::filesystem::path unpaired_mixtures, unpaired_stems;  // folders for the discriminators; empty: none
  bool balance = false;                                     // the terms of a sum weighted by their gradients
  bool quiet = false;
  std::string label;  // in front of messages where several runs share a terminal: "L2freq: "
  Device device = Device::cpu;

  const ModelEntry& model_entry() const;  // `architecture`, or the default for the number of targets
  bool joint() const { return !model_entry().sources.empty(); }  // several targets in one network
  std::string model_name() const;                                // "joint"; of a single model its target
  std::vector<std::string> targets() const;                      // of the network's heads
  double learning_rate() const { return lr.value ? *lr.value : loss.learning_rate(); }
  const DiscriminatorEntry& discriminator_entry() const;
  std::filesystem::path cache_folder() const { return cache.empty() ? default_cache_folder() : cache; }
  bool shows_progress() const { return !quiet && label.empty(); }  // bars, of which a terminal has room for one

  // Throws UsageError for values that cannot be, alone or together.
  void validate() const;
};

// As written to <target>.json under "args".
nlohmann::json to_json(const TrainOptions& options);

// The first difference between two runs' args that a resumed run may not have ("--nfft was 4096, now 2048"), or "".
std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace unmix
