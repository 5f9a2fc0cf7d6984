#include "models/target_files.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "models/published.h"
#include "models/registry.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOp = "model";

constexpr const char *kStudyWeights = "model.pth", *kStudyDescription = "4.json";

bool is_of_study(const fs::path& path) {
  return path.filename() == kStudyWeights && fs::exists(path.parent_path() / kStudyDescription);
}

std::string target_of(const fs::path& path) {
  if (is_of_study(path)) return "joint";
  if (const auto name = parse_published_name(path)) return name->target;
  return path.stem().string();
}

bool comes_first(const TargetFile& a, const TargetFile& b) {
  const auto rank = [](const std::string& name) {
    const std::vector<std::string>& usual = find_model("joint").sources;
    return std::find(usual.begin(), usual.end(), name) - usual.begin();
  };
  return std::pair(rank(a.target), a.target) < std::pair(rank(b.target), b.target);
}

}  // namespace

std::vector<TargetFile> find_target_files(const fs::path& directory) {
  check(fs::is_directory(directory), kOp, "{} is not a model directory: there is no such folder", directory.string());
  std::map<std::string, fs::path> own, pickled;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".safetensors") own[path.stem().string()] = path;
    if (path.extension() != ".pth") continue;
    const auto [at, is_new] = pickled.emplace(target_of(path), path);
    check(is_new, kOp, "{} and {} are of one target; one of them is wanted", at->second.string(), path.string());
  }
  own.merge(pickled);
  check(!own.empty(), kOp, "{} holds no model: <target>.safetensors or <target>.pth is wanted, such as vocals.pth",
        directory.string());
  std::vector<TargetFile> found;
  for (const auto& [target, path] : own) found.push_back({target, path});
  std::sort(found.begin(), found.end(), comes_first);
  return found;
}

TargetFile target_file(const fs::path& path) { return {target_of(path), path}; }

fs::path description_file(const TargetFile& file) {
  return file.path.parent_path() / (is_of_study(file.path) ? kStudyDescription : file.target + ".json");
}

fs::path find_target_file(const fs::path& directory, const std::string& target) {
  const std::vector<TargetFile> found = find_target_files(directory);
  std::vector<std::string> names;
  for (const TargetFile& file : found) {
    if (file.target == target) return file.path;
    names.push_back(file.target);
  }
  fail(kOp, "{} has no {}.safetensors or {}.pth; it has: {}", directory.string(), target, target,
       fmt::join(names, ", "));
}

}  // namespace unmix
