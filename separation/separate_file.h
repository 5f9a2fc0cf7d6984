// Separates audio files into audio files: where they go, and everything that can be refused before hours of work. The
// input "-" is standard input, the outdir "-" standard output, in WAV.
#pragma once

#include <filesystem>
#include <optional>

#include "base/choice.h"
#include "separation/separator.h"

namespace unmix {

struct FileOptions {
  std::optional<std::filesystem::path> outdir;  // none: the working directory; "-": standard output
  // Of each estimate, without the extension, with {track}, {target} and {model} filled in. Empty: "{track}/{target}"
  // in outdir, "{track}_{model}/{target}" in the working directory.
  std::string filename;
  std::string extension = ".wav";  // .flac, .ogg, .mp3
  SampleFormat format = SampleFormat::pcm16;
  double start = 0.0;              // seconds
  std::optional<double> duration;  // seconds; none: to the end
};

struct PlannedFile {
  std::filesystem::path input;  // "-": standard input; what can be read only once will do
  std::vector<std::pair<std::string, std::filesystem::path>> outputs;  // by source
  std::string problem = {};  // why the input cannot be read, where that shows before any work; empty: it does not
};

// The files to write for each input. Throws where options are impossible, a folder cannot be made, or a file would be
// written twice, over an input or outside of outdir.
std::vector<PlannedFile> plan_files(const std::vector<std::filesystem::path>& inputs,
                                    const std::vector<std::string>& sources, const std::string& model,
                                    const FileOptions& options);

struct SeparatedFile {
  double duration;  // of the audio, seconds
  double elapsed;   // seconds
  std::vector<std::string> warnings;
};

// Separates one file and writes its estimates, all whole or none; makes the folders.
SeparatedFile separate_file(const PlannedFile& file, const Separator& separator, const FileOptions& options);

// ".wav", ".flac", ".ogg" or ".mp3", given with or without the dot; throws ArgumentError for others.
std::string parse_extension(std::string text);

inline constexpr Choice<SampleFormat> sample_format_names[] = {
    {"pcm16", SampleFormat::pcm16}, {"pcm24", SampleFormat::pcm24}, {"float", SampleFormat::floating}};
inline constexpr Choice<Downmix> downmix_names[] = {{"bs775", Downmix::bs775}, {"first", Downmix::first}};

}  // namespace unmix
