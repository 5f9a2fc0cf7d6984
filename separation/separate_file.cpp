#include "separation/separate_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using Fields = std::map<std::string, std::string>;

// Of "a/song.stem.mp4" and "a/song.wav" song.
std::string track_of(const fs::path& input) {
  const fs::path name = is_stem_file(input) ? input.stem() : input.filename();
  return name.stem().string();
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
      throw UsageError(fmt::format("--filename {}: the fields are {{track}}, {{target}} and {{model}}", pattern));
    result += field->second;
    at = close + 1;
  }
  return result;
}

void check_options(const FileOptions& options, size_t sources) {
  if (!(options.start >= 0.0 && std::isfinite(options.start)))
    throw UsageError(fmt::format("--start {}: give seconds from the beginning, 0 or more", options.start));
  if (options.duration && !(*options.duration > 0.0 && std::isfinite(*options.duration)))
    throw UsageError(fmt::format("--duration {}: give seconds, more than 0", *options.duration));
  if (sources > 1 && !options.filename.empty() && options.filename.find("{target}") == std::string::npos)
    throw UsageError(fmt::format("--filename {}: without {{target}} all {} targets would have one name",
                                 options.filename, sources));
  if (options.format == SampleFormat::floating && options.extension == ".flac")
    throw UsageError("--subtype float: FLAC has no float samples; give pcm16 or pcm24, or --ext .wav");
}

Audio read_part(const fs::path& input, const FileOptions& options) {
  if (options.start == 0.0 && !options.duration) return read_audio(input);
  const AudioInfo info = audio_info(input);
  const double start = std::round(options.start * info.sample_rate);
  check(start < static_cast<double>(info.frames), "separate", "{}: --start {} s is behind its end, {:.3f} s",
        input.string(), options.start, info.duration());
  const auto first = static_cast<int64_t>(start);
  const double length = options.duration ? std::round(*options.duration * info.sample_rate) : HUGE_VAL;
  // The header of a .stem.mp4 may leave out its last frame, so its rest is read without a number.
  if (length >= static_cast<double>(info.frames - first)) return read_audio(input, first);
  return read_audio(input, first, std::max<int64_t>(1, static_cast<int64_t>(length)));
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  check(!error, "separate", "cannot make the folder {}: {}", folder.string(), error.message());
  check(::access(folder.c_str(), W_OK) == 0, "separate", "cannot write in {}: {}", folder.string(),
        std::strerror(errno));
}

}  // namespace

std::vector<PlannedFile> plan_files(const std::vector<fs::path>& inputs, const std::vector<std::string>& sources,
                                    const std::string& model, const FileOptions& options) {
  check_options(options, sources.size());
  const std::string usual = options.outdir ? "{track}/{target}" : "{track}_{model}/{target}";
  const std::string& pattern = options.filename.empty() ? usual : options.filename;
  std::map<fs::path, fs::path> owners;  // of every file written or read, the input
  for (const fs::path& input : inputs) {
    check_input_file("separate", input);
    owners.emplace(fs::weakly_canonical(input), input);
  }
  std::vector<PlannedFile> plan;
  for (const fs::path& input : inputs) {
    plan.push_back({input, {}});
    for (const std::string& source : sources) {
      const std::string name = fill_in(pattern, {{"track", track_of(input)}, {"target", source}, {"model", model}});
      const fs::path output = options.outdir.value_or("") / (name + options.extension);
      const auto [owner, is_new] = owners.emplace(fs::weakly_canonical(output), input);
      const bool is_input = owner->first == fs::weakly_canonical(owner->second);
      if (!is_new)
        throw UsageError(fmt::format("{} would be written for {}, but it is also {} {}; choose --filename or --outdir",
                                     output.string(), input.string(), is_input ? "the input" : "written for",
                                     owner->second.string()));
      plan.back().outputs.emplace_back(source, output);
    }
  }
  return plan;
}

SeparatedFile separate_file(const PlannedFile& file, const Separator& separator, const FileOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Audio mixture = read_part(file.input, options);
  for (const auto& [source, path] : file.outputs) make_folder(path.has_parent_path() ? path.parent_path() : ".");
  Separation separation = separator(mixture);
  release_cpu_memory();
  SeparatedFile done{static_cast<double>(mixture.frames()) / mixture.sample_rate, 0.0, std::move(separation.warnings)};
  for (const auto& [source, audio] : separation.estimates) {
    const auto output = std::find_if(file.outputs.begin(), file.outputs.end(),
                                     [&name = source](const auto& entry) { return entry.first == name; });
    const int64_t clipped = write_audio(output->second, audio, options.format);
    if (clipped > 0)
      done.warnings.push_back(fmt::format("{}: {} samples lay beyond full scale and were clipped; --subtype float "
                                          "keeps them", output->second.string(), clipped));
  }
  done.elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return done;
}

std::string parse_extension(std::string text) {
  if (!text.starts_with('.')) text = "." + text;
  if (text != ".wav" && text != ".flac" && text != ".ogg" && text != ".mp3")
    throw UsageError(fmt::format("--ext {}: give .wav, .flac, .ogg or .mp3", text));
  return text;
}

SampleFormat parse_sample_format(const std::string& text) {
  if (text == "pcm16") return SampleFormat::pcm16;
  if (text == "pcm24") return SampleFormat::pcm24;
  if (text == "float") return SampleFormat::floating;
  throw UsageError(fmt::format("--subtype {}: give pcm16, pcm24 or float", text));
}

}  // namespace unmix
