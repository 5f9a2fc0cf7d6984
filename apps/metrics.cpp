// unmix metrics: measures and losses of estimates against references, and how well they predict listening scores.
#include <fmt/core.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "audio/audio.h"
#include "base/error.h"
#include "evaluation/aggregate.h"
#include "evaluation/correlation.h"
#include "evaluation/evaluate_songs.h"
#include "evaluation/measures.h"
#include "evaluation/sdr.h"
#include "experiments/loss_metrics.h"
#include "losses/loss_file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

struct Options {
  CommonOptions common;
  fs::path reference, mixture, vggish, listening;
  std::vector<fs::path> estimates;
  std::string variant = "seed";
  bool bss = false, losses = false;
};

using Values = std::vector<std::pair<std::string, double>>;

struct Method {
  std::string name;
  std::vector<std::pair<std::string, Values>> targets;
  Values losses;
};

// With the mixture that --mixture names, if any, in place of their own.
NamedAudio read_references(const Options& options) {
  const fs::path& reference = options.reference;
  check(is_stem_file(reference) || fs::is_directory(reference), "score",
        "{} is neither a .stem.mp4 nor a folder of WAV files", reference.string());
  NamedAudio signals = is_stem_file(reference) ? read_song({reference.filename().string(), reference})
                                               : read_wav_folder(reference);
  if (options.mixture.empty()) return signals;
  std::erase_if(signals, [](const auto& signal) { return signal.first == "mixture"; });
  signals.emplace_back("mixture", read_audio(options.mixture));
  return signals;
}

const Audio* find(const NamedAudio& signals, const std::string& name) {
  for (const auto& [found, audio] : signals)
    if (found == name) return &audio;
  return nullptr;
}

void add_bss(const NamedAudio& references, const NamedAudio& estimates, Method& method) {
  NamedAudio sources;
  for (const auto& signal : references)
    if (signal.first != "mixture") sources.push_back(signal);
  const TrackEvaluation scores = evaluate_track(method.name, sources, estimates, {.threads = 2});
  for (const ScoreRow& row : score_table({scores}, Aggregation::median_of_medians))
    for (auto& [target, values] : method.targets)
      if (target == row.target)
        for (size_t m = 0; m < row.scores.size(); ++m) values.emplace_back("BSS " + bss_metrics[m], row.scores[m]);
}

Method measure(const fs::path& folder, const NamedAudio& references, const Options& options, const Vggish* features) {
  const NamedAudio estimates = read_wav_folder(folder);
  const Audio* mixture = find(references, "mixture");
  check(mixture != nullptr, "score", "{} has no mixture.wav; --mixture names another", options.reference.string());
  Method method{fs::absolute(folder).lexically_normal().filename().string(), {}, {}};
  for (const auto& [target, reference] : references) {
    const Audio* estimate = find(estimates, target);
    if (target == "mixture" || estimate == nullptr) continue;
    method.targets.push_back({target,
                              {{"SDR", sdr(reference, *estimate)},
                               {"SDR_mixture", sdr(reference, *mixture)},
                               {"SI-SDR", si_sdr(reference, *estimate)},
                               {"SD-SDR", sd_sdr(reference, *estimate)},
                               {"L1freq", l1_freq(reference, *estimate)}}});
  }
  check(!method.targets.empty(), "score", "{} holds no estimate of a target of {}", folder.string(),
        options.reference.string());
  if (options.bss) add_bss(references, estimates, method);
  if (options.losses)
    method.losses = loss_metrics(*mixture, references, estimates, parse_variant(options.variant), features);
  return method;
}

// "method,target,score" lines by (method, target); the first line names the columns.
std::map<std::pair<std::string, std::string>, double> read_listening(const fs::path& path) {
  std::ifstream file(path);
  check(file.is_open(), "metrics", "cannot read {}", path.string());
  std::map<std::pair<std::string, std::string>, double> scores;
  std::string line;
  std::getline(file, line);
  for (int number = 2; std::getline(file, line); ++number) {
    const size_t first = line.find(','), second = line.find(',', first + 1);
    char* end = nullptr;
    const double score = second == std::string::npos ? NAN : std::strtod(line.c_str() + second + 1, &end);
    check(second != std::string::npos && end != line.c_str() + second + 1, "metrics",
          "{}, line {}: method,target,score are wanted", path.string(), number);
    scores[{line.substr(0, first), line.substr(first + 1, second - first - 1)}] = score;
  }
  return scores;
}

nlohmann::ordered_json to_json(const Correlation& c) { return {{"r", c.value}, {"low", c.low}, {"high", c.high}}; }

// Of each measure over the pairs of method and target, and of each loss over the methods with their mean score.
nlohmann::ordered_json correlations(const std::vector<Method>& methods, const fs::path& listening) {
  const auto scores = read_listening(listening);
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> pairs;
  for (const Method& method : methods) {
    std::vector<double> of_method;
    for (const auto& [target, values] : method.targets) {
      const auto score = scores.find({method.name, target});
      if (score == scores.end()) continue;
      of_method.push_back(score->second);
      for (const auto& [measure, value] : values) {
        pairs[measure].first.push_back(value);
        pairs[measure].second.push_back(score->second);
      }
    }
    for (const auto& [loss, value] : method.losses) {
      pairs["loss " + loss].first.push_back(value);
      pairs["loss " + loss].second.push_back(mean(of_method));
    }
  }
  check(!pairs.empty(), "metrics", "{} has no score of a method and target given; methods are the estimates' folders",
        listening.string());
  nlohmann::ordered_json result;
  for (const auto& [measure, xy] : pairs)
    result[measure] = {{"pearson", to_json(pearson(xy.first, xy.second))},
                       {"spearman", to_json(spearman(xy.first, xy.second))},
                       {"pairs", xy.first.size()}};
  return result;
}

nlohmann::ordered_json to_json(const Method& method) {
  nlohmann::ordered_json result;
  for (const auto& [target, values] : method.targets)
    for (const auto& [measure, value] : values) result[target][measure] = value;
  for (const auto& [loss, value] : method.losses) result["losses"][loss] = value;
  return result;
}

void print(const Method& method) {
  fmt::print("{:<16}", method.name);
  for (const auto& value : method.targets[0].second) fmt::print("{:>12}", value.first);
  for (const auto& [target, values] : method.targets) {
    fmt::print("\n{:<16}", target);
    for (const auto& value : values) fmt::print("{:>12.2f}", value.second);
  }
  fmt::print("\n");
  for (const auto& [loss, value] : method.losses) fmt::print("{:<20}{:>12.5g}\n", loss, value);
}

void print_correlations(const nlohmann::ordered_json& all) {
  const auto text = [](const nlohmann::ordered_json& c) {
    const auto part = [&](const char* name) {
      return c[name].is_null() || std::isnan(c[name].get<double>()) ? "-"
                                                                    : fmt::format("{:.2f}", c[name].get<double>());
    };
    return fmt::format("{} [{}, {}]", part("r"), part("low"), part("high"));
  };
  fmt::print("\n{:<28}{:<24}{:<24}{:>6}\n", "listening scores", "Pearson, 95 %", "Spearman, 95 %", "pairs");
  for (const auto& [measure, c] : all.items())
    fmt::print("{:<28}{:<24}{:<24}{:>6}\n", measure, text(c["pearson"]), text(c["spearman"]), c["pairs"].get<size_t>());
}

void run(const Options& options) {
  if (!options.vggish.empty() && !options.losses) throw UsageError("--vggish belongs to DeepFeature: add --losses");
  const NamedAudio references = read_references(options);
  const auto features = options.vggish.empty() ? nullptr : make_vggish({}, options.vggish, Device::cpu);
  std::vector<Method> methods;
  for (const fs::path& folder : options.estimates)
    methods.push_back(measure(folder, references, options, features.get()));
  nlohmann::ordered_json result;
  if (methods.size() == 1)
    result = to_json(methods[0]);
  else
    for (const Method& method : methods) result[method.name] = to_json(method);
  const nlohmann::ordered_json listening =
      options.listening.empty() ? nlohmann::ordered_json() : correlations(methods, options.listening);
  if (!options.listening.empty()) result["listening"] = listening;
  if (options.common.json) {
    fmt::print("{}\n", result.dump(2));
    return;
  }
  for (const Method& method : methods) print(method);
  if (!options.listening.empty()) print_correlations(listening);
}

}  // namespace

void add_metrics(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("metrics", "Measures estimates against references");
  command
      ->add_option("--reference", options->reference,
                   "A .stem.mp4, or a folder with mixture.wav and the targets' WAV files")
      ->required();
  command->add_option("--mixture", options->mixture, "Audio file; default: the reference's own mixture");
  command->add_option("--estimate", options->estimates, "Folders of estimates' WAV files, one a method")->required();
  command->add_flag("--bss", options->bss, "Also BSSEval v4, medians over windows of a second");
  command->add_flag("--losses", options->losses, "Also every loss but Adversarial, and DeepFeature only with --vggish");
  command->add_option("--vggish", options->vggish, "Weights of VGGish for DeepFeature, .pth or .safetensors");
  command->add_option("--variant", options->variant, "Of the losses: seed or paper")->capture_default_str();
  command->add_option("--listening", options->listening,
                      "CSV of listening scores, method,target,score: how well each measure predicts them");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
