#include "losses/loss_file.h"

#include <charconv>
#include <limits>
#include <optional>

#include "base/error.h"
#include "formats/safetensors.h"
#include "models/discriminator_file.h"
#include "models/vggish.h"

namespace unmix {
namespace {

const Tensor& tensor_of(const TensorFile& file, const char* name, int rank, const std::string& path) {
  const Tensor* tensor = file.find(name);
  check(tensor != nullptr, "loss", "{} has no tensor '{}'; mixture, targets and masks are required", path, name);
  check(tensor->rank() == rank && tensor->size() > 0, "loss", "{}: '{}' has shape {}; {} dimensions are required", path,
        name, to_string(tensor->shape()), rank);
  return *tensor;
}

// The file's metadata; none where it has no such key.
std::optional<int64_t> number_of(const TensorFile& file, const char* key, const std::string& path) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) return std::nullopt;
  int64_t value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{} && end == text.data() + text.size(), "loss", "{}: metadata '{}' is '{}', not a number",
        path, key, text);
  return value;
}

int64_t size_of(const TensorFile& file, const char* key, const char* argument, int64_t given, const std::string& path) {
  if (given != 0) return given;
  const auto stated = number_of(file, key, path);
  if (!stated) throw ArgumentError(fmt::format("{} is missing: {} has no metadata '{}'", argument, path, key));
  return *stated;
}

// 44.1 kHz where the file does not say.
int rate_of(const TensorFile& file, const std::string& path) {
  const int64_t rate = number_of(file, "sample_rate", path).value_or(44100);
  check(rate > 0 && rate <= std::numeric_limits<int>::max(), "loss",
        "{}: metadata 'sample_rate' is {}; a rate in Hz is needed", path, rate);
  return static_cast<int>(rate);
}

struct Networks {
  DiscriminatorFile adversarial;
  std::unique_ptr<Vggish> features;
};

// Reads the networks that the objective needs and adds them to its context.
Objective load_networks(const Objective& objective, const std::filesystem::path& weights, const Shape& masks,
                        Device device, Networks& networks) {
  const bool adversarial = objective.uses(LossNetworks::discriminators),
             features = objective.uses(LossNetworks::features);
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) throw ArgumentError("weights: " + message);
  };
  require(!adversarial || !weights.empty(), fmt::format("{} needs a .safetensors of its discriminators",
                                                        names_of_losses_with(LossNetworks::discriminators)));
  require(!adversarial || !features, "the file holds one network, the losses have two kinds: give one loss");
  require(adversarial || features || weights.empty(), "the loss has no networks of its own");
  if (features) {
    networks.features = make_vggish({}, weights, device);
    LossContext context = objective.context();
    context.features = networks.features.get();
    return objective.with(context);
  }
  if (!adversarial) return objective;
  networks.adversarial = load_discriminators(weights, masks[1], masks[4]);
  networks.adversarial.discriminators->to(device);
  LossContext context = objective.context();
  context.discriminators = networks.adversarial.discriminators.get();
  if (!networks.adversarial.gan.empty()) context.gan = choose("gan", networks.adversarial.gan, gan_names);
  return objective.with(context);
}

}  // namespace

LossOnFile loss_on_file(const Objective& objective, const std::filesystem::path& input, int64_t n_fft, int64_t hop,
                        const std::filesystem::path& weights, Device device) {
  const TensorFile file = read_safetensors(input);
  const std::string path = input.string();
  const Tensor& mixture = tensor_of(file, "mixture", 3, path);
  const Tensor& targets = tensor_of(file, "targets", 4, path);
  const Stft stft(size_of(file, "n_fft", "nfft", n_fft, path), size_of(file, "n_hop", "nhop", hop, path), device);
  Signals signals(stft, mixture.to(device), targets.to(device), rate_of(file, path), objective.needs());
  const Var masks(tensor_of(file, "masks", 5, path).to(device), /*requires_grad=*/true);
  signals.set_masks(masks);
  Networks networks;
  Var value = load_networks(objective, weights, masks.shape(), device, networks)(signals);
  const double result = value.value().item();
  value.backward();
  return {result, networks.features ? networks.features->description() : "", masks.grad().to(Device::cpu)};
}

void write_mask_gradient(const std::filesystem::path& output, const LossOnFile& loss) {
  write_safetensors(output, {{{"masks.grad", loss.mask_gradient}}, {}});
}

}  // namespace unmix
