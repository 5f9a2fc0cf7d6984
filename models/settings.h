// What the networks of a model directory were trained with: separator.json, as Open-Unmix writes it since 2020, and
// before that 'args' in each <target>.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "models/target_files.h"

namespace unmix {

// separator.json
struct SeparatorConfig {
  int64_t n_fft = 4096, hop = 1024;
  int sample_rate = 44100;  // Hz
  int64_t channels = 2;
  bool operator==(const SeparatorConfig&) const = default;
};

SeparatorConfig read_separator_json(const std::filesystem::path& directory);
void write_separator_json(const std::filesystem::path& directory, const SeparatorConfig& config);

// The directory's separator.json; where it is missing, what 'args' of the descriptions say, with the sample rate that
// the weights hold (0: they hold none). None where neither says it; throws where two descriptions disagree.
std::optional<SeparatorConfig> find_settings(const std::filesystem::path& directory,
                                             const std::vector<TargetFile>& files, int rate_of_weights);

// Throws where the target's description says another nfft, nhop or nb_channels.
void check_description(const SeparatorConfig& config, const TargetFile& file);

}  // namespace unmix
