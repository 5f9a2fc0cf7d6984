#include "losses/registry.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "base/error.h"
#include "losses/l2freq.h"

namespace unmix {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

// Levenshtein's edit distance.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const std::vector<LossEntry>& loss_registry() {
  static const std::vector<LossEntry> table{
      {"L2freq", "magnitude", "sum_k mean (M_k|X| - |Y_k|)^2", "1/K of it", "losses/l2freq.cpp", 1e-3, l2freq},
  };
  return table;
}

const LossEntry& find_loss(std::string_view name) {
  const std::string wanted = lower(name);
  std::vector<std::pair<size_t, std::string_view>> nearest;
  for (const LossEntry& entry : loss_registry()) {
    if (lower(entry.name) == wanted) return entry;
    nearest.emplace_back(distance(lower(entry.name), wanted), entry.name);
  }
  std::sort(nearest.begin(), nearest.end());
  nearest.resize(std::min<size_t>(nearest.size(), 3));
  std::string names;
  for (const auto& [edits, candidate] : nearest) names += (names.empty() ? "" : ", ") + std::string(candidate);
  throw UsageError(fmt::format("there is no loss '{}'; nearest: {} ('unmix info' lists all)", name, names));
}

}  // namespace unmix
