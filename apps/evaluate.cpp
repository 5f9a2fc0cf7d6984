// unmix evaluate: BSSEval of a model, an oracle or finished estimates on MUSDB, or of two folders; tables of scores.
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/commands.h"
#include "audio/musdb.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluation/aggregate.h"
#include "evaluation/evaluate_songs.h"
#include "evaluation/oracles.h"
#include "evaluation/score_files.h"
#include "models/published.h"
#include "models/target_files.h"
#include "separation/separator.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

struct Options {
  CommonOptions common;
  fs::path model, root, estimate, reference, outdir, evaldir;
  std::vector<fs::path> tables;
  std::string subset = "test", window = "1.0", aggregate;
  std::optional<Oracle> oracle;
  BssMode mode = BssMode::v4;
  Aggregation average = Aggregation::median_of_medians;
  std::vector<std::string> targets;
  SeparatorOptions separation;
  double hop = 1.0;
  bool is_wav = false, force = false;
  int cores = 0;

  Options() { separation.iterations = 1; }
  EvaluationOptions evaluation() const;
};

EvaluationOptions Options::evaluation() const {
  EvaluationOptions result;
  result.mode = mode;
  if (window == "global") {
    result.window = 0;
  } else {
    const auto seconds = parse_number(window);
    if (!(seconds > 0.0))
      throw UsageError(fmt::format("--win {}: give seconds, or global for the whole track", window));
    result.window = *seconds;
  }
  if (!(hop > 0 && std::isfinite(hop))) throw UsageError(fmt::format("--hop {}: give seconds above 0", hop));
  result.hop = hop;
  if (cores < 0) throw UsageError(fmt::format("--cores {}: give 1 or more", cores));
  result.threads = cores > 0 ? cores : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return result;
}

nlohmann::ordered_json to_json(const std::vector<ScoreRow>& rows) {
  nlohmann::ordered_json result;
  for (const ScoreRow& row : rows)
    for (size_t m = 0; m < row.scores.size(); ++m) result[row.target][bss_metrics[m]] = row.scores[m];
  return result;
}

void print(const Options& options, const std::vector<TrackEvaluation>& tracks, const std::string& title) {
  const std::vector<ScoreRow> rows = score_table(tracks, options.average);
  if (options.common.json) {
    fmt::print("{}\n", json_text(to_json(rows), 2));
  } else {
    fmt::print("{} ({})\n{}", title, name_of(options.average, aggregation_names), format_table(rows));
  }
}

void print_tables(const Options& options) {
  for (const fs::path& folder : options.tables) print(options, read_score_folder(folder), folder.string());
}

// Leaves those of the given names.
void keep_targets(NamedAudio& estimates, const std::vector<std::string>& targets, const fs::path& folder) {
  for (const std::string& target : targets)
    if (std::ranges::find(estimates, target, &std::pair<std::string, Audio>::first) == estimates.end())
      throw UsageError(fmt::format("--targets {}: {} has no such estimate; it has: {}", target, folder.string(),
                                   fmt::join(names_without(estimates, {}), ", ")));
  std::erase_if(estimates, [&](const auto& e) { return std::ranges::count(targets, e.first) == 0; });
}

void evaluate_pair(const Options& options) {
  const EvaluationOptions evaluation = options.evaluation();
  const auto sources_of = [](const fs::path& folder) {
    NamedAudio signals = read_wav_folder(folder);
    std::erase_if(signals, [](const auto& signal) { return signal.first == "mixture"; });
    return signals;
  };
  const NamedAudio references = sources_of(options.reference);
  NamedAudio estimates = sources_of(options.estimate);
  const std::vector<std::string> missing = names_without(references, estimates);
  if (!options.targets.empty()) keep_targets(estimates, options.targets, options.estimate);
  const std::string name = fs::absolute(options.reference).lexically_normal().filename().string();
  const TrackEvaluation scores = evaluate_track(name, references, estimates, evaluation);
  if (!missing.empty() && options.targets.empty())
    options.common.warn(
        fmt::format("{} has no estimate of {}: BSSEval takes the other references alone for the sources",
                    options.estimate.string(), fmt::join(missing, ", ")));
  for (const std::string& note : scores.notes) options.common.warn(note);
  if (!options.evaldir.empty()) {
    make_folder("evaluate", options.evaldir);
    write_file(options.evaldir / (name + ".json"),
               scores_json(scores, {{"mode", name_of(options.mode, bss_mode_names)}}));
    write_file(options.evaldir / (name + ".csv"), scores_csv({scores}));
  }
  print(options, {scores}, name);
}

void write_estimates(const fs::path& folder, const NamedAudio& estimates) {
  make_folder("evaluate", folder);
  for (const auto& [name, audio] : estimates) write_audio(folder / (name + ".wav"), audio);
}

// What gives the estimates of a song, and its name in the files of scores.
using Estimator = std::function<NamedAudio(const Song&, const NamedAudio&)>;

Estimator estimator_of(const Options& options) {
  if (!options.model.empty()) {
    SeparatorOptions separation = options.separation;
    if (!options.aggregate.empty()) separation.aggregate = parse_aggregate(options.aggregate);
    const Device device = options.common.open_device();
    const auto separator =
        std::make_shared<Separator>(load_models(options.model, options.targets, device), device, separation);
    for (const std::string& warning : separator->models().warnings) options.common.warn(warning);
    return [separator](const Song&, const NamedAudio& parts) { return (*separator)(parts[0].second).estimates; };
  }
  if (options.oracle) {
    return [oracle = *options.oracle](const Song&, const NamedAudio& parts) {
      NamedAudio estimates = separate_by_oracle(oracle, parts[0].second, {parts.begin() + 1, parts.end()});
      estimates.emplace_back("accompaniment", oracle == Oracle::mixture
                                                  ? parts[0].second
                                                  : sum_of(estimates, musdb_sources_of("accompaniment")));
      return estimates;
    };
  }
  return [folder = options.estimate / options.subset](const Song& song, const NamedAudio&) {
    return read_wav_folder(folder / song.name);
  };
}

// What the model's files hold, by hashes: another text once it was trained again.
nlohmann::ordered_json weights_of(const fs::path& model) {
  auto hashes = nlohmann::ordered_json::object();
  std::vector<fs::path> files{model / "separator.json"};
  for (const TargetFile& file : find_target_files(model)) files.push_back(file.path);
  for (const fs::path& file : files)
    if (fs::exists(file)) hashes[file.filename().string()] = short_hash(file);
  return hashes;
}

void evaluate_musdb(const Options& options) {
  if (!can_name_file(options.subset))
    throw UsageError(fmt::format("--subset {}: give the name of a folder in --root, test or train", options.subset));
  std::error_code missing;
  for (const fs::path& input : {options.root, options.estimate})
    if (fs::equivalent(options.outdir, input, missing))
      throw UsageError(fmt::format("--outdir {}: estimates would be written over the files in {}; give another folder",
                                   options.outdir.string(), input.string()));
  EvaluationRun run;
  run.options = options.evaluation();
  if (options.model.empty()) run.targets = options.targets;  // a model separates those alone, and may add them up
  if (!options.evaldir.empty()) run.folder = options.evaldir / options.subset;
  const fs::path source = !options.model.empty() ? options.model : options.estimate;
  const std::string of = options.oracle ? std::string(name_of(*options.oracle, oracle_names))
                                        : fs::absolute(source).lexically_normal().string();
  const std::string mode(name_of(options.mode, bss_mode_names));
  run.settings = {{"of", of}, {"mode", mode}, {"win", options.window}, {"hop", options.hop}};
  if (!options.targets.empty()) run.settings["targets"] = options.targets;
  if (!options.model.empty())
    run.settings["separation"] = {{"niter", options.separation.iterations},
                                  {"wiener-win-len", options.separation.window},
                                  {"softmask", options.separation.softmask},
                                  {"residual", options.separation.residual},
                                  {"aggregate", options.aggregate}};
  if (!options.model.empty()) run.settings["weights"] = weights_of(options.model);
  if (!options.estimate.empty()) run.estimates = options.estimate / options.subset;
  run.force = options.force;
  run.say = [&](const std::string& line) { options.common.say(line); };
  run.warn = [&](const std::string& line) { options.common.warn(line); };
  const std::vector<Song> songs = list_songs(options.root, options.subset, options.is_wav);
  run.estimate = [&, estimate = estimator_of(options)](const Song& song, const NamedAudio& parts) {
    NamedAudio estimates = estimate(song, parts);
    if (!options.outdir.empty()) write_estimates(options.outdir / options.subset / song.name, estimates);
    return estimates;
  };
  catch_interrupts();
  const EvaluationOutcome outcome = evaluate_songs(songs, run);
  if (!outcome.tracks.empty()) print(options, outcome.tracks, of);
  check(outcome.failed.empty(), "evaluate", "{} of {} tracks were not scored: {}", outcome.failed.size(), songs.size(),
        fmt::join(outcome.failed, "; "));
}

void run(const Options& options) {
  const int sources = !options.model.empty() + options.oracle.has_value() + !options.estimate.empty();
  if (!options.tables.empty()) {
    if (sources > 0) throw UsageError("--table prints scores that are there: give it alone");
    return print_tables(options);
  }
  if (sources != 1)
    throw UsageError("give one of --model DIR, --method NAME, --estimate DIR to score, or --table DIR to print scores");
  if (options.root.empty() == options.reference.empty())
    throw UsageError("give --root DIR, a MUSDB folder, or --reference DIR, a folder of WAV files, with --estimate DIR");
  if (!options.reference.empty() && options.estimate.empty())
    throw UsageError("--reference DIR goes with --estimate DIR; a model or a method needs --root DIR");
  options.reference.empty() ? evaluate_musdb(options) : evaluate_pair(options);
}

}  // namespace

void add_evaluate(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("evaluate", "Score a model or estimates with BSSEval, as museval does");
  command->add_option("--model", options->model, "Model directory; the model separates the tracks first");
  command->add_option_function<std::string>(
      "--method", [options](const std::string& name) { options->oracle = choose("method", name, oracle_names); },
      fmt::format("Oracle that knows the true sources: {}", fmt::join(names_of(oracle_names), ", ")));
  command->add_option("--estimate", options->estimate,
                      "Folder of finished estimates: SUBSET/TRACK/TARGET.wav; with --reference: TARGET.wav");
  command->add_option("--root", options->root, "Folder of MUSDB18, or of MUSDB18-HQ with --is-wav");
  command->add_option("--reference", options->reference, "Folder with one WAV file per true source, instead of MUSDB");
  command->add_option("--table", options->tables, "Only print the table of scores in these folders");
  command
      ->add_option("--subset", options->subset,
                   "Tracks to score: test, train, or valid (the validation tracks, which lie in train)")
      ->capture_default_str();
  command->add_flag("--is-wav", options->is_wav, "Read folders of WAV files instead of .stem.mp4 files");
  command->add_option("--targets", options->targets,
                      "Targets to score; with --model also those to separate; default: all");
  command->add_option("--niter", options->separation.iterations, "With --model: iterations of the Wiener filter")
      ->capture_default_str();
  command
      ->add_option("--wiener-win-len", options->separation.window,
                   "With --model: frames that the Wiener filter takes at a time")
      ->capture_default_str();
  command->add_flag("--softmask", options->separation.softmask,
                    "With --model: use ratio masks, so that the sources add up to the mixture");
  command->add_option("--residual", options->separation.residual,
                      "With --model: also score the mixture minus the sources, under this name");
  command->add_option("--aggregate", options->aggregate,
                      "With --model: score sums of sources instead, given as JSON: "
                      "{\"accompaniment\": [\"drums\", \"bass\", \"other\"]}");
  command->add_option("--outdir", options->outdir, "Folder to write the estimates to: SUBSET/TRACK/TARGET.wav");
  command->add_option("--evaldir", options->evaldir,
                      "Folder to write the scores to, as museval does: SUBSET/TRACK.json and SUBSET.csv");
  command->add_flag("--force", options->force, "Score every track again, also those that have been scored");
  add_choice(*command, "--mode", options->mode, bss_mode_names,
             "Version of BSSEval: v4 (one set of filters per track) or v3 (filters per window)");
  command->add_option("--win", options->window, "Length of a window in seconds; global: one window per track")
      ->capture_default_str();
  command->add_option("--hop", options->hop, "Distance between windows in seconds")->capture_default_str();
  command->add_option("--cores", options->cores, "Number of threads; default: one per core");
  add_choice(*command, "--average", options->average, aggregation_names,
             fmt::format("How scores of windows become one score per target: {}",
                         fmt::join(names_of(aggregation_names), ", ")));
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
