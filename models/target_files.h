// The weights in a model directory, one file per target: <target>.safetensors, or of Open-Unmix <target>.pth, also
// under its published name <target>-<8 hexadecimal digits>.pth (of umxse <target>_<...>). The study's code calls the
// joint model's files model.pth and 4.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix {

struct TargetFile {
  std::string target;  // "vocals", "joint"
  std::filesystem::path path;
};

// By target: the usual sources in Open-Unmix's order, then others by name. Where a target has a .safetensors and a
// .pth, the .safetensors. Copies such as "vocals (1).pth" beside vocals.pth are left out, with a line in `warnings`.
// Throws where the directory has none, or two .pth files of one target.
std::vector<TargetFile> find_target_files(const std::filesystem::path& directory,
                                          std::vector<std::string>* warnings = nullptr);

// The same of one file, whatever its name.
TargetFile target_file(const std::filesystem::path& path);

// The <target>.json beside the weights, which need not exist.
std::filesystem::path description_file(const TargetFile& file);

// The file of one target; throws where there is none.
std::filesystem::path find_target_file(const std::filesystem::path& directory, const std::string& target);

}  // namespace unmix
