// Weights from one format to another: `unmix convert`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/mask_network.h"
#include "models/settings.h"

namespace unmix {

// A network that was read and found whole: of a known architecture, all values finite.
struct ConvertedModel {
  std::filesystem::path from;
  std::string target;     // "vocals", "joint"
  std::string published;  // "umxhq", where the file's name is one of Open-Unmix's published weights
  std::string hash;       // the begin of its SHA-256, where it was compared with the file's name
  NetworkConfig network;
  int64_t heads = 1, parameters = 0;
};

struct Conversion {
  std::vector<std::filesystem::path> written;
  std::vector<ConvertedModel> models;       // of a directory
  std::optional<SeparatorConfig> settings;  // of a directory
  std::vector<std::string> warnings;
};

// A file to a file: `from` is a .safetensors or a .pth by its content, `to` by its extension; all tensors are kept.
// A directory to a directory: a model of .pth files becomes one of .safetensors files and the other way round, each
// with separator.json and <target>.json, which Open-Unmix needs; what the networks do not use is left out. Downloads of
// Open-Unmix's published weights need no separator.json; a file vocals-b62c91ce.pth must have the SHA-256 that its name
// begins. A directory, or one file in it, to <name>.onnx: models/onnx_export.h.
// Throws UsageError where `from` and `to` are not of a kind.
Conversion convert(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace unmix
