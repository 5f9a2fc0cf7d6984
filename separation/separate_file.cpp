#include "separation/separate_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>

#include "audio/musdb.h"
#include "audio/writer.h"
#include "base/check_call.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using Fields = std::map<std::string, std::string>;

bool is_standard(const fs::path& path) { return path == "-"; }

// What can be read only once: standard input, also as /dev/stdin, and what a shell puts in the place of <(command).
bool is_stream(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return is_standard(path) || (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status));
}

fs::path real_path(const fs::path& path) { return is_stream(path) ? path : fs::weakly_canonical(fs::absolute(path)); }

// Of "a/song.stem.mp4" and "a/song.wav" song.
std::string track_of(const fs::path& input) {
  if (is_standard(input)) return "stdin";
  return is_stem_file(input) ? musdb_name(input) : input.stem().string();
}

std::string fill_in(const std::string& pattern, const Fields& fields) {
  std::string result;
  for (size_t at = 0; at < pattern.size();) {
    const size_t open = std::min(pattern.find('{', at), pattern.size());
    result += pattern.substr(at, open - at);
    if (open == pattern.size()) break;
    const size_t close = pattern.find('}', open);
    const std::string name = close == std::string::npos ? "" : pattern.substr(open + 1, close - open - 1);
    const auto field = fields.find(name);
    if (field == fields.end())
      throw ArgumentError(fmt::format("filename {}: the fields are {{track}}, {{target}} and {{model}}", pattern));
    result += field->second;
    at = close + 1;
  }
  return result;
}

void check_options(const FileOptions& options, size_t sources) {
  if (!(options.start >= 0.0 && std::isfinite(options.start)))
    throw ArgumentError(fmt::format("start {}: give seconds from the beginning, 0 or more", options.start));
  if (options.duration && !(*options.duration > 0.0 && std::isfinite(*options.duration)))
    throw ArgumentError(fmt::format("duration {}: give seconds, more than 0", *options.duration));
  if (sources > 1 && !options.filename.empty() && options.filename.find("{target}") == std::string::npos)
    throw ArgumentError(
        fmt::format("filename {}: without {{target}} all {} targets would have one name", options.filename, sources));
  if (options.format == SampleFormat::floating && options.extension == ".flac")
    throw ArgumentError("subtype float: FLAC has no float samples; give pcm16 or pcm24, or the extension .wav");
  const bool to_stream = options.outdir && is_standard(*options.outdir);
  if (to_stream && (options.extension != ".wav" || !options.filename.empty()))
    throw ArgumentError("outdir -: standard output takes WAV, and no file name");
}

int64_t frames_of(double seconds, int sample_rate) { return std::llround(std::min(seconds * sample_rate, 1e15)); }

int64_t duration_of(const FileOptions& options, int sample_rate) {
  return options.duration ? std::max<int64_t>(1, frames_of(*options.duration, sample_rate)) : -1;
}

// What is separated: readers of it, and its frames, -1 where only its end will tell them.
struct Input {
  Separator::Open open;
  int64_t frames;
};

Input open_file(const fs::path& input, const FileOptions& options) {
  const AudioInfo info = audio_info(input);
  const int64_t first = frames_of(options.start, info.sample_rate);
  check(first < info.frames, "separate", "{}: start {} s is behind its end, {:.3f} s", input.string(), options.start,
        info.duration());
  int64_t frames = duration_of(options, info.sample_rate);
  if (frames < 0 || frames > info.frames - first) frames = info.frames - first;
  return {[=] { return open_audio(input, first, frames); }, frames};
}

// Where one pass is enough it is read as it comes, otherwise first to its end.
Input open_once(const fs::path& input, const FileOptions& options, bool once) {
  auto reader = is_standard(input) ? open_stream(STDIN_FILENO, "standard input") : open_audio(input);
  const int rate = reader->info().sample_rate;
  if (options.start > 0.0 || options.duration)
    reader = open_part(std::move(reader), frames_of(options.start, rate), duration_of(options, rate));
  if (once) {
    const auto only = std::make_shared<std::unique_ptr<AudioReader>>(std::move(reader));
    return {[only] { return std::move(*only); }, -1};
  }
  const auto spool = std::make_shared<AudioSpool>(*reader);
  return {[spool] { return spool->open(); }, spool->open()->info().frames};
}

// Throws where a folder cannot be made.
void check_folder(const fs::path& folder) {
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing)) existing = existing.parent_path();
  check(fs::is_directory(existing), "separate", "cannot make the folder {}: {} is a file", folder.string(),
        existing.string());
  check_call(::access(existing.c_str(), W_OK) == 0, "separate", "cannot write in {}", existing.string());
}

std::string problem_of(const fs::path& input) {
  try {
    if (!is_standard(input)) check_input_file("separate", input);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

// The folder with its links resolved, also where parts of it are yet to be made.
fs::path resolved(const fs::path& folder) {
  const fs::path path = fs::weakly_canonical(fs::absolute(folder));
  return path.has_filename() ? path : path.parent_path();
}

// Where a file is written: a link of its name is replaced, not followed.
fs::path place_of(const fs::path& file) { return resolved(folder_of(file)) / file.filename(); }

void check_inside(const fs::path& outdir, const fs::path& output) {
  const fs::path folder = resolved(outdir.empty() ? "." : outdir), place = place_of(output);
  if (std::mismatch(folder.begin(), folder.end(), place.begin(), place.end()).first != folder.end())
    throw UsageError(
        fmt::format("{} would be written to {}, outside of the folder {}: choose another filename or outdir",
                    output.string(), place.string(), folder.string()));
}

// The files of one input, made when the first samples are there.
class Writers {
 public:
  Writers(const PlannedFile& file, const FileOptions& options, int64_t frames)
      : file_(file), options_(options), frames_(frames) {}

  void write(const std::vector<Audio>& estimates) {
    if (writers_.empty())
      for (const auto& [source, path] : file_.outputs) writers_.push_back(create(path, estimates[0]));
    for (size_t k = 0; k < writers_.size(); ++k) writers_[k]->write(estimates[k]);
  }

  void finish(std::vector<std::string>& warnings) {
    const bool wav = options_.extension == ".wav", lossy = !wav && options_.extension != ".flac";
    for (size_t k = 0; k < writers_.size(); ++k) {
      writers_[k]->finish();
      if (writers_[k]->clipped() > 0)
        warnings.push_back(
            fmt::format("{}: {} samples lay beyond full scale and {} clipped; {}subtype float keeps them",
                        file_.outputs[k].second.string(), writers_[k]->clipped(), lossy ? "will be" : "were",
                        wav ? "" : "extension .wav with "));
    }
  }

 private:
  std::unique_ptr<AudioWriter> create(const fs::path& path, const Audio& estimate) const {
    const OutputFormat format{estimate.sample_rate, estimate.channels, frames_, options_.format};
    if (is_standard(path)) return create_wav_stream(STDOUT_FILENO, "standard output", format);
    make_folder("separate", folder_of(path));
    return create_audio(path, format);
  }

  const PlannedFile& file_;
  const FileOptions& options_;
  int64_t frames_;
  std::vector<std::unique_ptr<AudioWriter>> writers_;
};

std::vector<PlannedFile> plan_stream(const std::vector<fs::path>& inputs, const std::vector<std::string>& sources) {
  if (inputs.size() != 1 || sources.size() != 1)
    throw ArgumentError(
        fmt::format("outdir -: standard output takes one estimate of one file, not {} of {}; choose one of the targets "
                    "or add them up (aggregate)",
                    sources.size(), inputs.size()));
  PlannedFile planned{inputs[0], {}, problem_of(inputs[0])};
  planned.outputs.emplace_back(sources[0], "-");
  return {planned};
}

}  // namespace

std::vector<PlannedFile> plan_files(const std::vector<fs::path>& inputs, const std::vector<std::string>& sources,
                                    const std::string& model, const FileOptions& options) {
  check_options(options, sources.size());
  if (options.outdir && is_standard(*options.outdir)) return plan_stream(inputs, sources);
  const std::string usual = options.outdir ? "{track}/{target}" : "{track}_{model}/{target}";
  const std::string& pattern = options.filename.empty() ? usual : options.filename;
  std::map<fs::path, fs::path> owners;  // of every file written or read, the input
  for (const fs::path& input : inputs) {
    const bool is_new = owners.emplace(real_path(input), input).second;
    owners.emplace(place_of(input), input);
    if (is_stream(input) && !is_new)
      throw UsageError(
          fmt::format("{} can be read only once", is_standard(input) ? "standard input, '-'," : input.string()));
  }
  std::vector<PlannedFile> plan;
  for (const fs::path& input : inputs) {
    plan.push_back({input, {}, problem_of(input)});
    for (const std::string& source : sources) {
      const std::string name = fill_in(pattern, {{"track", track_of(input)}, {"target", source}, {"model", model}});
      const fs::path output = options.outdir.value_or("") / (name + options.extension);
      check_inside(options.outdir.value_or(""), output);
      const auto [owner, is_new] = owners.emplace(place_of(output), input);
      const bool is_input = owner->first == real_path(owner->second) || owner->first == place_of(owner->second);
      if (!is_new)
        throw UsageError(fmt::format(
            "{} would be written for {}, but it is also {} {}; choose another filename or outdir", output.string(),
            input.string(), is_input ? "the input" : "written for", owner->second.string()));
      plan.back().outputs.emplace_back(source, output);
    }
    for (const auto& [source, path] : plan.back().outputs) check_folder(folder_of(path));
  }
  return plan;
}

SeparatedFile separate_file(const PlannedFile& file, const Separator& separator, const FileOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Input input =
      is_stream(file.input) ? open_once(file.input, options, separator.reads_once()) : open_file(file.input, options);
  Writers writers(file, options, input.frames);
  const Separator::Summary summary =
      separator.separate(input.open, [&](const std::vector<Audio>& estimates) { writers.write(estimates); });
  SeparatedFile done{static_cast<double>(summary.frames) / summary.sample_rate, 0.0, summary.warnings};
  writers.finish(done.warnings);
  done.elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return done;
}

std::string parse_extension(std::string text) {
  if (!text.starts_with('.')) text = "." + text;
  if (text != ".wav" && text != ".flac" && text != ".ogg" && text != ".mp3")
    throw ArgumentError(fmt::format("ext {}: give .wav, .flac, .ogg or .mp3", text));
  return text;
}

}  // namespace unmix
