#include "losses/loss_file.h"

#include <charconv>

#include "base/error.h"
#include "tensor/safetensors.h"

namespace unmix {
namespace {

const Tensor& tensor_of(const TensorFile& file, const char* name, int rank, const std::string& path) {
  const Tensor* tensor = file.find(name);
  check(tensor != nullptr, "loss", "{} has no tensor '{}'; mixture, targets and masks are wanted", path, name);
  check(tensor->rank() == rank && tensor->size() > 0, "loss", "{}: '{}' has shape {}; {} dimensions are wanted", path,
        name, to_string(tensor->shape()), rank);
  return *tensor;
}

int64_t size_of(const TensorFile& file, const char* key, const char* option, int64_t given, const std::string& path) {
  if (given != 0) return given;
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
    throw UsageError(fmt::format("{} has no metadata '{}': give {}", path, key, option));
  int64_t value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{} && end == text.data() + text.size(), "loss", "{}: metadata '{}' is '{}', not a number",
        path, key, text);
  return value;
}

}  // namespace

LossOnFile loss_on_file(const LossEntry& loss, Variant variant, const std::filesystem::path& input, int64_t n_fft,
                        int64_t hop, Device device) {
  const TensorFile file = read_safetensors(input);
  const std::string path = input.string();
  const Tensor& mixture = tensor_of(file, "mixture", 3, path);
  const Tensor& targets = tensor_of(file, "targets", 4, path);
  const Stft stft(size_of(file, "n_fft", "--nfft", n_fft, path), size_of(file, "n_hop", "--nhop", hop, path), device);
  Signals signals(stft, mixture.to(device), targets.to(device));
  const Var masks(tensor_of(file, "masks", 5, path).to(device), /*requires_grad=*/true);
  signals.set_masks(masks);
  Var value = loss.compute(signals, variant);
  const double result = value.value().item();
  value.backward();
  return {result, masks.grad().to(Device::cpu)};
}

void write_mask_gradient(const std::filesystem::path& output, const LossOnFile& loss) {
  write_safetensors(output, {{{"masks.grad", loss.mask_gradient}}, {}});
}

Variant parse_variant(std::string_view text) {
  if (text == "seed") return Variant::seed;
  if (text == "paper") return Variant::paper;
  throw UsageError(fmt::format("--variant {}: give seed or paper", text));
}

}  // namespace unmix
