#include "losses/registry.h"

#include "base/error.h"
#include "base/suggest.h"
#include "losses/l2freq.h"

namespace unmix {

const std::vector<LossEntry>& loss_registry() {
  static const std::vector<LossEntry> table{
      {"L2freq", "magnitude", "sum_k mean (M_k|X| - |Y_k|)^2", "1/K of it", "losses/l2freq.cpp", 1e-3, false, l2freq},
  };
  return table;
}

std::string loss_table_markdown() {
  const auto cell = [](std::string_view text) {  // a bar would end the cell
    std::string escaped;
    for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
    return escaped;
  };
  std::string table =
      "| loss | domain | `seed` (the study's code) | `paper` (its text) | code |\n|---|---|---|---|---|\n";
  for (const LossEntry& loss : loss_registry())
    table += fmt::format("| {} | {} | `{}` | {} | [{}]({}) |\n", loss.name, loss.domain, cell(loss.formula),
                         cell(loss.paper), loss.source, loss.source);
  return table;
}

const LossEntry& find_loss(std::string_view name) {
  std::vector<std::string> names;
  for (const LossEntry& entry : loss_registry()) {
    if (edit_distance(entry.name, name) == 0) return entry;
    names.emplace_back(entry.name);
  }
  throw UsageError(fmt::format("there is no loss '{}'; nearest: {} ('unmix info' lists all)", name,
                               fmt::join(nearest_names(name, names), ", ")));
}

}  // namespace unmix
