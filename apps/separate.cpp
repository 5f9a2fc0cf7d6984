// unmix separate: any audio file into its sources.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/file_arguments.h"
#include "apps/program.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "separation/separate_file.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path model, outdir;
  std::vector<std::string> targets;
  SeparatorOptions separation;
  FileOptions files;
  std::string extension = ".wav", aggregate;

  Options() { separation.iterations = 1; }
};

nlohmann::ordered_json to_json(const PlannedFile& file, const SeparatedFile& done) {
  nlohmann::ordered_json outputs;
  for (const auto& [source, path] : file.outputs) outputs[source] = path.string();
  return {{"input", file.input.string()}, {"outputs", outputs}, {"duration", done.duration}, {"elapsed", done.elapsed}};
}

SeparatorOptions separation_options(const Options& options) {
  SeparatorOptions separation = options.separation;
  if (!options.aggregate.empty()) separation.aggregate = parse_aggregate(options.aggregate);
  return separation;
}

nlohmann::ordered_json separate_one(const PlannedFile& file, const Separator& separator, const FileOptions& files,
                                    const Options& options) {
  if (!file.problem.empty()) throw Error(file.problem);
  options.common.say(fmt::format("{}: separating", file.input.string()));
  const SeparatedFile done = separate_file(file, separator, files);
  for (const std::string& warning : done.warnings) options.common.warn(file.input.string() + ": " + warning);
  options.common.say(
      fmt::format("{}: {:.1f} s of audio in {:.1f} s", file.input.string(), done.duration, done.elapsed));
  if (!options.common.json && options.outdir != "-")
    for (const auto& [source, path] : file.outputs) fmt::print("{}\n", path.string());
  return to_json(file, done);
}

// A file that fails is named and left out. What was done is printed also where Ctrl-C ends the rest.
void separate_all(const std::vector<PlannedFile>& plan, const Separator& separator, const FileOptions& files,
                  const Options& options) {
  std::vector<std::string> failed;
  auto results = nlohmann::ordered_json::array();
  const auto print_results = [&] {
    if (options.common.json) fmt::print("{}\n", json_text(results, 2));
  };
  std::string problem;
  for (const PlannedFile& file : plan) {
    try {
      results.push_back(separate_one(file, separator, files, options));
      continue;
    } catch (const Interrupted&) {
      print_results();
      throw;
    } catch (const UsageError&) {
      throw;
    } catch (const std::exception& error) {
      problem = reason_of(error);
    }
    results.push_back({{"input", file.input.string()}, {"error", problem}});
    failed.push_back(file.input.string());
    if (plan.size() > 1) options.common.warn(fmt::format("{} is left out: {}", file.input.string(), problem));
  }
  print_results();
  if (!failed.empty() && plan.size() == 1) throw Error(problem);
  check(failed.empty(), "separate", "{} of {} files could not be separated: {}", failed.size(), plan.size(),
        fmt::join(failed, ", "));
}

void run(Options& options) {
  give_back_files("--targets", options.targets, options.inputs);
  FileOptions files = options.files;
  files.extension = parse_extension(options.extension);
  if (!options.outdir.empty()) files.outdir = options.outdir;
  if (options.outdir == "-" && options.common.json) throw UsageError("--json and --outdir - both want standard output");
  const Device device = options.common.open_device();
  catch_interrupts();
  const Separator separator(load_models(options.model, options.targets, device), device, separation_options(options));
  for (const std::string& warning : separator.models().warnings) options.common.warn(warning);
  const std::vector<PlannedFile> plan = plan_files(options.inputs, separator.sources(), separator.models().name, files);
  if (options.separation.live)
    options.common.say(
        fmt::format("live: estimates follow what is read by {:.0f} ms, and by the time of "
                    "resampling and computing",
                    1000.0 * separator.latency()));
  separate_all(plan, separator, files, options);
}

}  // namespace

void add_separate(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("separate", "Separate audio files into their sources");
  command->add_option("FILE", options->inputs,
                      "Audio files of any sample rate (WAV, FLAC, AIFF, OGG, Opus, MP3, M4A, AAC, ALAC, WMA, ...), "
                      "videos, or .stem.mp4 "
                      "files, whose mixture is used; -: standard input");
  command->add_option("--model", options->model, "Model directory")->required();
  command->add_option("--targets", options->targets, "Sources to separate; default: all that the model has");
  command->add_option("--niter", options->separation.iterations, "Iterations of the multichannel Wiener filter")
      ->capture_default_str();
  command->add_option("--wiener-win-len", options->separation.window, "Frames that the Wiener filter takes at a time")
      ->capture_default_str();
  command->add_flag("--softmask", options->separation.softmask,
                    "Use ratio masks, so that the sources add up to the mixture");
  command->add_option("--residual", options->separation.residual,
                      "Also write the mixture minus the sources, under this name");
  command->add_option(
      "--aggregate", options->aggregate,
      "Write sums of sources instead, given as JSON: {\"accompaniment\": [\"drums\", \"bass\", \"other\"]}");
  add_choice(*command, "--downmix", options->separation.downmix, downmix_names,
             "How more than two channels become two: bs775 mixes them by ITU-R BS.775 where their places are known, "
             "first takes the first two");
  command->add_option(
      "--segment", options->separation.segment,
      "Seconds that a bidirectional model reads at a time, which bounds the memory; default: the whole track");
  command->add_flag("--live", options->separation.live,
                    "Separate frame by frame as the input arrives; unidirectional models only");
  command->add_option("--start", options->files.start, "Seconds to skip at the beginning")->capture_default_str();
  command->add_option("--duration", options->files.duration, "Seconds to separate; default: to the end");
  command->add_option(
      "--outdir", options->outdir,
      "Folder to write to; default: TRACK_MODEL in the working directory; -: one estimate to standard output");
  command->add_option("--ext", options->extension, "Format of the estimates: .wav, .flac, .ogg or .mp3")
      ->capture_default_str();
  add_choice(*command, "--subtype", options->files.format, sample_format_names,
             "Sample format of WAV and FLAC: pcm16, pcm24 or float (WAV only)");
  command->add_option(
      "--filename", options->files.filename,
      "Pattern of the file names in the output folder, without extension; {track}, {target} and {model} are filled "
      "in; default: {track}/{target}");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
