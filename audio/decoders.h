// The decoders behind open_audio. `name` is the file in messages: what a path is opened by may be a descriptor's name.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "audio/byte_stream.h"
#include "audio/reader.h"

namespace unmix {

// A regular file's frames start .. start + frames (-1: to the end), by whichever decoder knows its length.
std::unique_ptr<AudioReader> open_file(const std::filesystem::path& path, const std::string& name, int64_t start,
                                       int64_t frames);

// By libsndfile, of the first `end` bytes; none where it does not know the format, or not the length.
std::unique_ptr<AudioReader> open_sound_file(const std::filesystem::path& path, const std::string& name, int64_t start,
                                             int64_t frames, uint64_t end);

// By libav: the main stream of a container; the mixture of a .stem.mp4.
std::unique_ptr<AudioReader> open_libav(const std::filesystem::path& path, const std::string& name, int64_t start,
                                        int64_t frames);
int64_t count_libav_frames(const std::filesystem::path& path, const std::string& name);

// Of a stream, in any format.
std::unique_ptr<AudioReader> open_bytes(std::unique_ptr<ByteStream> bytes);

// WAV that is read as it comes.
std::unique_ptr<AudioReader> open_wav(std::unique_ptr<ByteStream> bytes);

// Throws unless frames start .. start + frames (-1: the rest) are among the first `available`.
void check_range(const std::string& name, int64_t start, int64_t frames, int64_t available);

}  // namespace unmix
