// Help for mistyped names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unmix {

// Levenshtein's edit distance; upper and lower case are the same.
size_t edit_distance(std::string_view a, std::string_view b);

// Up to `most` of the candidates, the most similar first.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& candidates,
                                       size_t most = 3);

}  // namespace unmix
