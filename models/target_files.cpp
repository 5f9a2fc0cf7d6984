#include "models/target_files.h"

#include <algorithm>
#include <map>
#include <regex>

#include "base/error.h"
#include "base/folder.h"
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

// The file that this one is a copy of, by the names that browsers and file managers give: "vocals (1)", "vocals -
// Copy".
fs::path original_of(const fs::path& path) {
  static const std::regex copy(R"((.+?)( \((\d+|copy)\)| - Copy( \(\d+\))?| copy( \d+)?))");
  const std::string stem = path.stem().string();
  std::smatch match;
  if (!std::regex_match(stem, match, copy)) return {};
  return path.parent_path() / (match[1].str() + path.extension().string());
}

// Takes out copies whose original is there too.
void leave_copies_out(std::vector<fs::path>& files, std::vector<std::string>* warnings) {
  std::vector<std::string> targets;
  for (const fs::path& file : files) targets.push_back(target_of(file));
  std::erase_if(files, [&](const fs::path& file) {
    const fs::path original = original_of(file);
    if (original.empty() || std::ranges::count(targets, target_of(original)) == 0) return false;
    if (warnings != nullptr)
      warnings->push_back(
          fmt::format("{} is ignored: a copy of {} by its name", file.string(), original.filename().string()));
    return true;
  });
}

bool comes_first(const TargetFile& a, const TargetFile& b) {
  const auto rank = [](const std::string& name) {
    const std::vector<std::string>& usual = find_model("joint").sources;
    return std::find(usual.begin(), usual.end(), name) - usual.begin();
  };
  return std::pair(rank(a.target), a.target) < std::pair(rank(b.target), b.target);
}

}  // namespace

std::vector<TargetFile> find_target_files(const fs::path& directory, std::vector<std::string>* warnings) {
  check(is_folder(directory), kOp, "{} is not a model directory: there is no such folder", directory.string());
  std::vector<fs::path> files = files_in(directory);
  std::erase_if(files, [](const fs::path& file) { return !ends_in(file, ".safetensors") && !ends_in(file, ".pth"); });
  leave_copies_out(files, warnings);
  std::map<std::string, fs::path> own, pickled;
  for (const fs::path& path : files) {
    const bool is_own = ends_in(path, ".safetensors");
    const auto [at, is_new] = is_own ? own.emplace(path.stem().string(), path) : pickled.emplace(target_of(path), path);
    check(is_new, kOp, "{} and {} are of one target: keep one of them", at->second.string(), path.string());
  }
  own.merge(pickled);
  check(!own.empty(), kOp, "{} holds no model: <target>.safetensors or <target>.pth is expected, such as vocals.pth",
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
