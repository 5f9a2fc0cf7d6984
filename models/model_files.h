// A model directory, as Open-Unmix lays it out: separator.json {nfft, nhop, sample_rate, nb_channels} and per target
// <target>.safetensors or <target>.pth, with PyTorch's names. A model with several heads has the name of its
// architecture: `joint`.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "models/registry.h"
#include "models/settings.h"

namespace unmix {

struct LoadedModel {
  std::string target;                // "vocals", "joint"
  std::vector<std::string> sources;  // of each head
  std::unique_ptr<MaskNetwork> network;
  int sample_rate = 0;  // Hz, as Open-Unmix's weights of 2019 hold it; 0: they hold none
};

struct ModelSet {
  std::string name;  // of the directory
  SeparatorConfig config = {};
  std::vector<LoadedModel> models = {};
  std::vector<std::string> chosen = {};    // of the models' sources, in the order to give them; empty: all
  std::vector<std::string> warnings = {};  // files of the directory that are ignored

  std::vector<std::string> sources() const;  // the chosen ones
};

// Sizes and architecture, read off the tensors themselves. Throws, naming `file`, where they are of no known model.
struct NetworkPlan {
  const ModelEntry* architecture;
  NetworkConfig config;
};
NetworkPlan infer_network(const NamedTensors& state, const std::string& file);

// The network of a file, in evaluation mode; tensors that it does not use are ignored. `weights`: the file's content.
LoadedModel load_model(const TargetFile& file, Device device);
LoadedModel make_model(const TargetFile& file, const TensorFile& weights, Device device);

// Throws unless a network, which came from `file`, has the bins and channels that separator.json says, and its
// description does not contradict.
void check_fits(const SeparatorConfig& config, const NetworkConfig& network, const TargetFile& file);

// The models of these files of the directory, all in use.
ModelSet load_files(const std::filesystem::path& directory, const std::vector<TargetFile>& files, Device device);

// Loads the models of a directory: those that give the targets asked for (a target is a source or a file's name), or
// all. Throws where the directory, a file or a target is missing, or files do not fit together.
ModelSet load_models(const std::filesystem::path& directory, const std::vector<std::string>& targets, Device device);

void write_weights(const std::filesystem::path& file, const MaskNetwork& network,
                   const std::map<std::string, std::string>& metadata = {});

}  // namespace unmix
