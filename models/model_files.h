// A model directory, as Open-Unmix lays it out: separator.json {nfft, nhop, sample_rate, nb_channels} and per target
// <target>.safetensors, PyTorch's names. A model with several heads has the name of its architecture: `joint`.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/registry.h"

namespace unmix {

// separator.json
struct SeparatorConfig {
  int64_t n_fft = 4096, hop = 1024;
  int sample_rate = 44100;  // Hz
  int64_t channels = 2;
};

struct LoadedModel {
  std::string target;                // "vocals", "joint"
  std::vector<std::string> sources;  // of each head
  std::unique_ptr<MaskNetwork> network;
};

struct ModelSet {
  std::string name;  // of the directory
  SeparatorConfig config;
  std::vector<LoadedModel> models;
  std::vector<std::string> chosen;  // of the models' sources, in the order to give them; empty: all

  std::vector<std::string> sources() const;  // the chosen ones
};

// Sizes and architecture, read off the tensors themselves. Throws, naming `file`, where they are of no known model.
struct NetworkPlan {
  const ModelEntry* architecture;
  NetworkConfig config;
};
NetworkPlan infer_network(const NamedTensors& state, const std::string& file);

// The network of a .safetensors file, in evaluation mode; tensors that it does not use are ignored.
LoadedModel load_model(const std::filesystem::path& file, Device device);

// Loads the models of a directory: those that give the targets asked for (a target is a source or a file's name), or
// all. Throws where the directory, a file or a target is missing, or files do not fit together.
ModelSet load_models(const std::filesystem::path& directory, const std::vector<std::string>& targets, Device device);

SeparatorConfig read_separator_json(const std::filesystem::path& directory);
void write_separator_json(const std::filesystem::path& directory, const SeparatorConfig& config);
void write_weights(const std::filesystem::path& file, const MaskNetwork& network,
                   const std::map<std::string, std::string>& metadata = {});

}  // namespace unmix
