// Everything that decides a training run, with the names and defaults of the command line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "losses/registry.h"
#include "tensor/gemm.h"

namespace unmix {

struct TrainOptions {
  std::string loss = "L2freq";
  std::string variant = "seed";         // seed | paper
  std::string architecture;             // joint | single; empty: single where a target is given
  std::string target;                   // of a single model
  std::filesystem::path root;           // MUSDB18, or MUSDB18-HQ with is_wav
  bool is_wav = false;
  std::filesystem::path output = "unmix-model";
  std::filesystem::path checkpoint;     // a model directory to resume
  std::filesystem::path model;          // a model directory to start from
  std::filesystem::path cache;          // of decoded stems; empty: the user's cache folder
  int epochs = 1000;
  int batch_size = 16;
  std::string lr = "0.001";             // a number, or auto: the study's for this loss
  int patience = 140;
  int lr_decay_patience = 80;
  double lr_decay_gamma = 0.3;
  double weight_decay = 1e-5;
  double clip_gradient_norm = 0.0;      // 0: off
  double seq_dur = 6.0;                 // seconds
  int samples_per_track = 64;
  int reduce_samples = 1;               // an epoch is 1 / reduce_samples of its samples
  std::vector<std::string> source_augmentations = {"gain", "channelswap"};
  bool random_track_mix = true;
  bool unidirectional = false;
  int64_t nfft = 4096, nhop = 1024;
  int64_t hidden_size = 512;
  int nb_layers = 3;
  double dropout = 0.4;
  double bandwidth = 16000.0;           // Hz
  int nb_channels = 2;
  int nb_workers = 1;
  std::string precision = "fp32";       // fp32 | tf32 | bf16
  uint64_t seed = 42;
  bool quiet = false;
  Device device = Device::cpu;

  bool joint() const { return architecture == "joint" || (architecture.empty() && target.empty()); }
  std::string model_name() const { return joint() ? "joint" : target; }
  Variant loss_variant() const;
  Precision arithmetic() const;
  double learning_rate() const;

  // Throws UsageError for values that cannot be, alone or together.
  void validate() const;
};

// As written to <target>.json under "args".
nlohmann::json to_json(const TrainOptions& options);

// The first difference between two runs' args that a resumed run may not have ("--nfft was 4096, now 2048"), or "".
std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now);

}  // namespace unmix
