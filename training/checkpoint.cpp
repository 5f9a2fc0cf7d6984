#include "training/checkpoint.h"

#include "base/error.h"
#include "base/json.h"
#include "formats/safetensors.h"

namespace unmix {
namespace {

constexpr const char* kProgress = "unmix_progress";

void append(TensorFile& file, const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) file.tensors.emplace_back(prefix + name, tensor);
}

NamedTensors part(const TensorFile& file, const std::string& prefix) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : file.tensors)
    if (name.starts_with(prefix)) tensors.emplace_back(name.substr(prefix.size()), tensor);
  return tensors;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  TensorFile file;
  append(file, "model.", checkpoint.model);
  append(file, "best.", checkpoint.best);
  append(file, "optimizer.", checkpoint.optimizer);
  append(file, "discriminators.", checkpoint.discriminators);
  append(file, "discriminator_optimizer.", checkpoint.discriminator_optimizer);
  file.metadata[kProgress] = json_text(checkpoint.progress);
  write_safetensors(path, file);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const TensorFile file = read_safetensors(path);
  const auto found = file.metadata.find(kProgress);
  check(found != file.metadata.end(), "checkpoint", "{} is not a checkpoint of unmix: it has no training progress",
        path.string());
  nlohmann::json progress = parse_json_object("checkpoint", found->second, path.string() + ", training progress");
  return {part(file, "model."), part(file, "best."),           part(file, "optimizer."),
          std::move(progress),  part(file, "discriminators."), part(file, "discriminator_optimizer.")};
}

}  // namespace unmix
