#include "tests/support/small_models.h"

#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

Tensor tensor_of(const MaskNetwork& network, const std::string& name) {
  for (const auto& [key, tensor] : network.state())
    if (key == name) return tensor;
  throw std::out_of_range(name);
}

}  // namespace

NetworkConfig small_network(int64_t channels) {
  NetworkConfig config;
  config.bins = 65;
  config.max_bin = 40;
  config.channels = channels;
  config.hidden = 8;
  config.layers = 2;
  return config;
}

SeparatorConfig small_separator(int64_t channels) { return {128, 32, 8000, channels}; }

std::unique_ptr<MaskNetwork> random_network(const std::string& architecture, const NetworkConfig& config,
                                            uint64_t seed) {
  auto network = find_model(architecture).make(config, seed);
  for (auto [name, tensor] : network->state())
    if (tensor.rank() == 1) tensor.copy_from(random_tensor(tensor.shape(), ++seed, 0.2, 1.2));
  network->train(false);
  return network;
}

// relu(bn3(...) * output_scale + output_mean) with a batch norm that gives its bias.
std::unique_ptr<MaskNetwork> constant_network(const std::vector<float>& masks, int64_t channels) {
  const ModelEntry& entry = find_model(masks.size() == 1 ? "single" : "joint");
  auto network = entry.make(small_network(channels), 1);
  tensor_of(*network, "output_scale").fill(1.0f);
  tensor_of(*network, "output_mean").fill(0.0f);
  for (size_t k = 0; k < masks.size(); ++k) {
    tensor_of(*network, "bn3" + entry.heads[k] + ".weight").fill(0.0f);
    tensor_of(*network, "bn3" + entry.heads[k] + ".bias").fill(masks[k]);
  }
  network->train(false);
  return network;
}

ModelSet joint_set(std::unique_ptr<MaskNetwork> network) {
  ModelSet set{"model", small_separator(network->config().channels), {}, {}};
  set.models.push_back({"joint", find_model("joint").sources, std::move(network)});
  return set;
}

void write_model(const std::filesystem::path& directory, const MaskNetwork& network, const std::string& target) {
  std::filesystem::create_directories(directory);
  write_separator_json(directory, small_separator(network.config().channels));
  write_weights(directory / (target + ".safetensors"), network);
}

}  // namespace unmix::test
