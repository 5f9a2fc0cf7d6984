// Small models for tests of what uses models: 128-point STFT, few units, at 8 kHz.
#pragma once

#include <filesystem>

#include "models/model_files.h"

namespace unmix::test {

NetworkConfig small_network(int64_t channels = 2);
SeparatorConfig small_separator(int64_t channels = 2);

// "single" or "joint", with random weights and statistics that differ from their first values, in evaluation mode.
std::unique_ptr<MaskNetwork> random_network(const std::string& architecture, const NetworkConfig& config,
                                            uint64_t seed = 1);

// A network whose masks are everywhere these, one value per head: joint where there are four.
std::unique_ptr<MaskNetwork> constant_network(const std::vector<float>& masks, int64_t channels = 2);

// A joint model and its configuration, in memory.
ModelSet joint_set(std::unique_ptr<MaskNetwork> network);

// A model directory with one weights file, joint or of `target`.
void write_model(const std::filesystem::path& directory, const MaskNetwork& network,
                 const std::string& target = "joint");

}  // namespace unmix::test
