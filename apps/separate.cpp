// unmix separate: any audio file into its sources.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "base/interrupt.h"
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
  std::string extension = ".wav", subtype = "pcm16", aggregate;

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

void run(const Options& options) {
  FileOptions files = options.files;
  files.extension = parse_extension(options.extension);
  files.format = parse_sample_format(options.subtype);
  if (!options.outdir.empty()) files.outdir = options.outdir;
  const Device device = options.common.open_device();
  catch_interrupts();
  const Separator separator(load_models(options.model, options.targets, device), device, separation_options(options));
  const bool to_stream = options.outdir == "-";
  if (to_stream && options.common.json) throw UsageError("--json and --outdir - both want standard output");
  if (options.separation.live)
    options.common.say(
        fmt::format("live: estimates follow what is read by {:.0f} ms, and by the time of "
                    "resampling and computing",
                    1000.0 * separator.latency()));
  auto results = nlohmann::ordered_json::array();
  for (const PlannedFile& file : plan_files(options.inputs, separator.sources(), separator.models().name, files)) {
    options.common.say(fmt::format("{}: separating", file.input.string()));
    const SeparatedFile done = separate_file(file, separator, files);
    for (const std::string& warning : done.warnings) options.common.warn(file.input.string() + ": " + warning);
    options.common.say(
        fmt::format("{}: {:.1f} s of audio in {:.1f} s", file.input.string(), done.duration, done.elapsed));
    results.push_back(to_json(file, done));
    if (options.common.json || to_stream) continue;
    for (const auto& [source, path] : file.outputs) fmt::print("{}\n", path.string());
  }
  if (options.common.json) fmt::print("{}\n", results.dump(2));
}

}  // namespace

void add_separate(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("separate", "Separates audio files into their sources");
  command
      ->add_option("FILE", options->inputs,
                   "WAV, FLAC, OGG, MP3 or .stem.mp4 (its mixture), any rate; - for WAV from standard input")
      ->required();
  command->add_option("--model", options->model, "Directory of a model")->required();
  command->add_option("--targets", options->targets, "Sources to separate; default: all of the model");
  command->add_option("--niter", options->separation.iterations, "Iterations of the multichannel Wiener filter")
      ->capture_default_str();
  command->add_option("--wiener-win-len", options->separation.window, "Frames that it filters together")
      ->capture_default_str();
  command->add_flag("--softmask", options->separation.softmask, "Ratio masks: the sources add up to the mixture");
  command->add_option("--residual", options->separation.residual,
                      "Also write the mixture less the sources, under this name");
  command->add_option("--aggregate", options->aggregate,
                      "Write sums of sources instead, as JSON: {\"accompaniment\": [\"drums\", \"bass\", \"other\"]}");
  command->add_option(
      "--segment", options->separation.segment,
      "Seconds that a bidirectional model sees at a time, to bound the memory; default: the whole track");
  command->add_flag("--live", options->separation.live,
                    "Frame by frame as the input comes; unidirectional models only");
  command->add_option("--start", options->files.start, "Seconds to skip")->capture_default_str();
  command->add_option("--duration", options->files.duration, "Seconds to separate; default: to the end");
  command->add_option("--outdir", options->outdir,
                      "Default: TRACK_MODEL in the working directory; - for one estimate to standard output");
  command->add_option("--ext", options->extension, ".wav, .flac, .ogg or .mp3")->capture_default_str();
  command->add_option("--subtype", options->subtype, "Samples of WAV and FLAC: pcm16, pcm24 or float")
      ->capture_default_str();
  command->add_option("--filename", options->files.filename,
                      "Of each file in outdir, without extension; {track}, {target} and {model} are filled in. "
                      "Default: {track}/{target}");
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
