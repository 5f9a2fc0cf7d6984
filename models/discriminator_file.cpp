#include "models/discriminator_file.h"

#include <algorithm>

#include "base/error.h"
#include "formats/weights_file.h"
#include "models/registry.h"

namespace unmix {
namespace {

constexpr const char* kOp = "discriminator";

// The names before the first dot: the usual sources first, then others in the file's order.
std::vector<std::string> sources_of(const NamedTensors& tensors) {
  std::vector<std::string> found;
  for (const auto& [name, tensor] : tensors) {
    const std::string source = name.substr(0, name.find('.'));
    if (std::find(found.begin(), found.end(), source) == found.end()) found.push_back(source);
  }
  const std::vector<std::string>& usual = find_model("joint").sources;
  std::stable_sort(found.begin(), found.end(), [&](const std::string& a, const std::string& b) {
    const auto rank = [&](const std::string& name) { return std::find(usual.begin(), usual.end(), name); };
    return rank(a) < rank(b);
  });
  return found;
}

struct Kind {
  const char *name, *first, *widest;  // layers, of which the widest has 512 features at width 1
};

constexpr Kind kKinds[] = {{"patch", ".model.0.", ".model.8."}, {"dcgan", ".features.0.", ".features.16."}};
constexpr double kWidest = 512.0;

// The weight of a convolution, with or without spectral normalisation; null where there is none.
const Tensor* weight_of(const TensorFile& file, const std::string& layer) {
  const Tensor* plain = file.find(layer + "weight");
  const Tensor* weight = plain != nullptr ? plain : file.find(layer + "weight_orig");
  return weight != nullptr && weight->rank() == 4 && weight->size() > 0 ? weight : nullptr;
}

}  // namespace

DiscriminatorFile load_discriminators(const std::filesystem::path& path, int64_t frames, int64_t bins) {
  const TensorFile file = read_weights(path);
  check(!file.tensors.empty(), kOp, "{} holds no tensors", path.string());
  const std::vector<std::string> sources = sources_of(file.tensors);
  for (const Kind& kind : kKinds) {
    const Tensor* first = weight_of(file, sources[0] + kind.first);
    const Tensor* widest = weight_of(file, sources[0] + kind.widest);
    if (first == nullptr || widest == nullptr) continue;
    const DiscriminatorConfig config{first->dim(1), frames, bins, static_cast<double>(widest->dim(0)) / kWidest,
                                     file.find(sources[0] + kind.first + "weight") == nullptr};
    auto discriminators = std::make_unique<Discriminators>(find_discriminator(kind.name), config, sources, 0);
    discriminators->load_state(file.tensors, path.string(), /*ignore_unknown=*/true);  // PyTorch counts batches
    const auto gan = file.metadata.find("gan");
    return {std::move(discriminators), gan == file.metadata.end() ? "" : gan->second};
  }
  fail(kOp,
       "{} holds no discriminators: '<source>.model.0.weight' (patch) or '<source>.features.0.weight' (dcgan) is "
       "expected, its first tensor is '{}'",
       path.string(), file.tensors.front().first);
}

}  // namespace unmix
