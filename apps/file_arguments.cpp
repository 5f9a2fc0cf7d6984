#include "apps/file_arguments.h"

#include "base/error.h"

namespace unmix {

void give_back_files(const char* option, std::vector<std::string>& words, std::vector<std::filesystem::path>& files) {
  if (!files.empty()) return;
  const auto is_file = [](const std::string& word) {
    const bool is_path = std::filesystem::path(word).has_extension() || word.find('/') != word.npos;
    std::error_code none;
    return word == "-" || (is_path && std::filesystem::exists(word, none));
  };
  auto first = words.end();
  while (first - words.begin() > 1 && is_file(*(first - 1))) --first;
  files.assign(first, words.end());
  words.erase(first, words.end());
  if (!files.empty()) return;
  if (words.empty()) throw UsageError("FILE is required");
  throw UsageError(
      fmt::format("FILE is missing: {} took '{}', which names no file; put FILE before {}, or behind --: {} {} -- FILE",
                  option, fmt::join(words, " "), option, option, words[0]));
}

}  // namespace unmix
