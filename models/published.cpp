#include "models/published.h"

#include <algorithm>
#include <regex>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

namespace unmix {

namespace fs = std::filesystem;

const std::vector<PublishedModel>& published_models() {
  constexpr SeparatorConfig music{4096, 1024, 44100, 2}, speech{1024, 512, 16000, 1};
  static const std::vector<PublishedModel> table{
      {"umx",
       {{"vocals", "c8df74a5"}, {"drums", "5a48008b"}, {"bass", "646024d3"}, {"other", "f8e132cc"}},
       512,
       2049,
       1487,
       2,
       music,
       ""},
      {"umxhq",
       {{"vocals", "b62c91ce"}, {"drums", "9619578f"}, {"bass", "8d85a5bd"}, {"other", "b52fbbf7"}},
       512,
       2049,
       1487,
       2,
       music,
       ""},
      {"umxl",
       {{"vocals", "bccbd9aa"}, {"drums", "69e0ebd4"}, {"bass", "2ca1ce51"}, {"other", "c8c5b3e6"}},
       1024,
       2049,
       1487,
       2,
       music,
       "CC BY-NC-SA 4.0, not for commercial use"},
      {"umxse", {{"speech", "f5e0d9f9"}, {"noise", "04a6fc2d"}}, 256, 513, 513, 1, speech, ""},
  };
  return table;
}

std::optional<PublishedName> parse_published_name(const fs::path& path) {
  static const std::regex pattern("(.+)([-_])([0-9a-f]{8})");
  const std::string stem = path.stem().string();
  std::smatch match;
  if (path.extension() != ".pth" || !std::regex_match(stem, match, pattern)) return std::nullopt;
  return PublishedName{match[1], match[3], *match[2].first};
}

const PublishedModel* find_published(const fs::path& path) {
  const auto name = parse_published_name(path);
  if (!name) return nullptr;
  for (const PublishedModel& model : published_models()) {
    const auto found = model.hashes.find(name->target);
    if (found != model.hashes.end() && found->second == name->hash) return &model;
  }
  return nullptr;
}

const PublishedModel* find_published(const NetworkConfig& network) {
  for (const PublishedModel& model : published_models())
    if (std::tuple(model.hidden, model.bins, model.max_bin, model.channels, 3, false) ==
        std::tuple(network.hidden, network.bins, network.max_bin, network.channels, network.layers,
                   network.unidirectional))
      return &model;
  return nullptr;
}

std::string short_hash(const fs::path& path) { return sha256(read_file(path)).substr(0, 8); }

}  // namespace unmix
