#include "models/settings.h"

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr const char* kOp = "model";
constexpr const char* kSeparator = "separator.json";

// Open-Unmix writes the rate as 44100.0.
int64_t whole_number(const json& object, const char* key, int64_t most, const std::string& file) {
  check(object.contains(key), kOp, "{}: '{}' is missing; nfft, nhop, sample_rate and nb_channels are expected", file,
        key);
  const json& value = object[key];
  const double number = value.is_number() ? value.get<double>() : 0.0;
  check(number >= 1 && number <= static_cast<double>(most) && number == std::floor(number), kOp,
        "{}: '{}' is {}, not a whole number from 1 to {}", file, key, brief(value), most);
  return static_cast<int64_t>(number);
}

SeparatorConfig parse_settings(const json& object, const std::string& file) {
  SeparatorConfig config;
  config.n_fft = whole_number(object, "nfft", int64_t{1} << 24, file);
  config.hop = whole_number(object, "nhop", int64_t{1} << 24, file);
  config.sample_rate = static_cast<int>(whole_number(object, "sample_rate", 10'000'000, file));
  config.channels = whole_number(object, "nb_channels", 1024, file);
  check(config.n_fft % 2 == 0 && config.hop <= config.n_fft, kOp,
        "{}: nfft {} must be even and nhop {} no larger than it", file, config.n_fft, config.hop);
  return config;
}

json to_json(const SeparatorConfig& config) {
  return {{"nfft", config.n_fft},
          {"nhop", config.hop},
          {"sample_rate", config.sample_rate},
          {"nb_channels", config.channels}};
}

// 'args' of the target's description; empty where it has none.
json args_of(const TargetFile& file) {
  const fs::path path = description_file(file);
  if (!fs::exists(path)) return json::object();
  const json object = read_json_object(kOp, path);
  const auto args = object.find("args");
  return args != object.end() && args->is_object() ? *args : json::object();
}

void check_same(const json& args, const TargetFile& file, const json& wanted, const std::string& from) {
  for (const char* key : {"nfft", "nhop", "nb_channels"}) {
    if (!args.contains(key) || args[key] == wanted[key]) continue;
    fail(kOp, "{} says {} {}, but {} says {}: one model has one STFT", description_file(file).string(), key,
         brief(args[key]), from, wanted[key].dump());
  }
}

}  // namespace

SeparatorConfig read_separator_json(const fs::path& directory) {
  return parse_settings(read_json_object(kOp, directory / kSeparator), (directory / kSeparator).string());
}

void write_separator_json(const fs::path& directory, const SeparatorConfig& config) {
  write_file(directory / kSeparator, to_json(config).dump(4) + "\n");
}

std::optional<SeparatorConfig> find_settings(const fs::path& directory, const std::vector<TargetFile>& files,
                                             int rate_of_weights) {
  if (fs::exists(directory / kSeparator)) return read_separator_json(directory);
  json found;
  std::string source;
  for (const TargetFile& file : files) {
    json args = args_of(file);
    if (!args.contains("sample_rate") && rate_of_weights > 0) args["sample_rate"] = rate_of_weights;
    const auto says = [&](const char* key) { return args.contains(key); };
    if (!says("nfft") || !says("nhop") || !says("sample_rate") || !says("nb_channels")) continue;
    if (source.empty()) {
      found = args;
      source = description_file(file).string();
    }
    check_same(args, file, found, source);
  }
  if (source.empty()) return std::nullopt;
  return parse_settings(found, source);
}

void check_description(const SeparatorConfig& config, const TargetFile& file) {
  check_same(args_of(file), file, to_json(config), kSeparator);
}

}  // namespace unmix
