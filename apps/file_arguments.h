// Files behind a list of words on the command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix {

// A list of words takes all that follow it, the files too: "--targets vocals song.wav". Where no file was given, those
// at the end of the list that are there become the files; throws UsageError, with what happened, where there are none.
void give_back_files(const char* option, std::vector<std::string>& words, std::vector<std::filesystem::path>& files);

}  // namespace unmix
