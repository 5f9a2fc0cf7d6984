// Where the files are that tests use.
#pragma once

#include <filesystem>
#include <string>

namespace unmix::test {

std::filesystem::path source_path(const std::string& relative = {});  // of the project's sources: "docs/losses.md"
std::filesystem::path golden_path(const std::string& relative = {});  // of tests/golden: "stft.safetensors"
std::filesystem::path program_path();                                 // of unmix, as built; the others are beside it
std::string program_names();                                          // of all programs built, with spaces between
// The folder of real music that some tests use; empty where it is not present.
std::filesystem::path shared_data();

}  // namespace unmix::test
