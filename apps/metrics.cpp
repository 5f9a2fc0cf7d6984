// unmix metrics: measures and losses of estimates against references, and how well they predict listening scores.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "audio/audio.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "evaluation/aggregate.h"
#include "evaluation/evaluate_songs.h"
#include "evaluation/measures.h"
#include "evaluation/sdr.h"
#include "evaluation/statistics.h"
#include "experiments/loss_metrics.h"
#include "losses/loss_file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

struct Options {
  CommonOptions common;
  fs::path reference, mixture, vggish, listening;
  std::vector<fs::path> estimates;
  Variant variant = Variant::code;
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
  NamedAudio signals =
      is_stem_file(reference) ? read_song({reference.filename().string(), reference}) : read_wav_folder(reference);
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

// The references of one length, to which the mixture is brought as estimates are.
void fit_references(NamedAudio& references, const Options& options) {
  const auto first = std::ranges::find_if(references, [](const auto& signal) { return signal.first != "mixture"; });
  check(first != references.end(), "score", "{} holds no target", options.reference.string());
  std::vector<std::string> notes;
  for (auto& [name, audio] : references) {
    check(name == "mixture" || audio.frames() == first->second.frames(), "score",
          "{}: {} has {} frames, {} has {}; references have one length", options.reference.string(), name,
          audio.frames(), first->first, first->second.frames());
    if (&audio != &first->second) audio = fit_to(first->second, std::move(audio), name, notes);
  }
  for (const std::string& note : notes) options.common.warn(note);
}

// Those that have a reference, in its form.
NamedAudio read_estimates(const fs::path& folder, const NamedAudio& references, const CommonOptions& common) {
  NamedAudio fitted, estimates = read_wav_folder(folder);
  std::vector<std::string> notes;
  for (const std::string& name : names_without(estimates, references))
    notes.push_back(name + " has no reference of its name");
  for (const std::string& name : names_without(references, estimates))
    notes.push_back("there is no estimate of " + name);
  for (auto& [name, audio] : estimates)
    if (const Audio* reference = find(references, name); reference != nullptr && name != "mixture")
      fitted.emplace_back(name, fit_to(*reference, std::move(audio), name, notes));
  for (const std::string& note : notes) common.warn(fmt::format("{}: {}", folder.string(), note));
  return fitted;
}

Method measure(const fs::path& folder, const NamedAudio& references, const Options& options, const Vggish* features) {
  const NamedAudio estimates = read_estimates(folder, references, options.common);
  const Audio* mixture = find(references, "mixture");
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
  if (options.losses) method.losses = loss_metrics(*mixture, references, estimates, options.variant, features);
  return method;
}

// Scores by (method, target): the first three columns, whatever their names.
std::map<std::pair<std::string, std::string>, double> read_listening(const fs::path& path) {
  const Csv csv = read_csv(path);
  check(csv.header.size() >= 3, "metrics", "{}: its columns are {}; method,target,score are expected", path.string(),
        fmt::join(csv.header, ","));
  std::map<std::pair<std::string, std::string>, double> scores;
  for (size_t i = 0; i < csv.rows.size(); ++i) {
    const double score = csv.number(i, 2);
    check(std::isfinite(score), "metrics", "{} line {}: '{}' is no score", path.string(), csv.lines[i], csv.rows[i][2]);
    const bool is_new = scores.emplace(std::pair(csv.rows[i][0], csv.rows[i][1]), score).second;
    check(is_new, "metrics", "{} line {}: {}, {} is there twice", path.string(), csv.lines[i], csv.rows[i][0],
          csv.rows[i][1]);
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
  if (!options.vggish.empty() && !options.losses) throw UsageError("--vggish belongs to the losses: add --losses");
  NamedAudio references = read_references(options);
  check(find(references, "mixture") != nullptr, "score", "{} has no mixture.wav; --mixture names another",
        options.reference.string());
  fit_references(references, options);
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
    fmt::print("{}\n", json_text(result, 2));
    return;
  }
  for (const Method& method : methods) print(method);
  if (!options.listening.empty()) print_correlations(listening);
}

}  // namespace

void add_metrics(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("metrics", "Measure estimates against references");
  command
      ->add_option("--reference", options->reference,
                   ".stem.mp4 file, or folder with mixture.wav and one WAV file per target")
      ->required();
  command->add_option("--mixture", options->mixture, "Audio file of the mixture; default: the reference's own");
  command->add_option("--estimate", options->estimates, "Folders of estimates, one folder of WAV files per method")
      ->required();
  command->add_flag("--bss", options->bss, "Also BSSEval v4: medians over windows of one second");
  command->add_flag(
      "--losses", options->losses,
      fmt::format("Also every loss but {}; {} only with --vggish", names_of_losses_with(LossNetworks::discriminators),
                  names_of_losses_with(LossNetworks::features)));
  command->add_option(
      "--vggish", options->vggish,
      fmt::format("Weights of VGGish for {}, .pth or .safetensors", names_of_losses_with(LossNetworks::features)));
  add_choice(*command, "--variant", options->variant, variant_names,
             "Formulas of the losses as in the code of the study (code) or in its text (paper)");
  command->add_option("--listening", options->listening,
                      "CSV file of listening scores (method,target,score): report how well each measure predicts them");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
