// The weights that Open-Unmix publishes (Zenodo records 3370486, 3370489, 5069601 and 3786908): the names of their
// files, their sizes, and the settings that they were trained with, which the downloads do not hold.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/mask_network.h"
#include "models/settings.h"

namespace unmix {

struct PublishedModel {
  std::string name;                           // "umxhq"
  std::map<std::string, std::string> hashes;  // by target: the digits in the file's name
  int64_t hidden, bins, max_bin, channels;
  SeparatorConfig settings;
  std::string terms;  // of use, where they restrict it
};

const std::vector<PublishedModel>& published_models();

// <target>-<hash>.pth or <target>_<hash>.pth, the hash eight hexadecimal digits.
struct PublishedName {
  std::string target, hash;
  char separator;
};
std::optional<PublishedName> parse_published_name(const std::filesystem::path& path);

// The model that a file's name says it is of; null where it says none.
const PublishedModel* find_published(const std::filesystem::path& path);

// The first model of these sizes (umx and umxhq have the same); null where there is none.
const PublishedModel* find_published(const NetworkConfig& network);

// The first eight hexadecimal digits of the file's SHA-256, which torch.hub wants to stand behind the dash of its name.
std::string short_hash(const std::filesystem::path& path);

}  // namespace unmix
