#include "losses/registry.h"

#include "base/error.h"
#include "base/suggest.h"
#include "losses/losses.h"

namespace unmix {
namespace {

std::list<LossEntry>& table() {
  static std::list<LossEntry> entries = [] {
    std::list<LossEntry> all;
    for (const LossEntry* entry : kLosses) all.push_back(*entry);
    return all;
  }();
  return entries;
}

const LossEntry* find_or_null(std::string_view name) {
  for (const LossEntry& entry : table())
    if (edit_distance(entry.name, name) == 0) return &entry;
  return nullptr;
}

// A bar would end the cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
  return text.empty() ? "-" : escaped;
}

}  // namespace

const std::list<LossEntry>& loss_registry() { return table(); }

LossRegistration::LossRegistration(const LossEntry& entry) : name_(entry.name) {
  check(find_or_null(entry.name) == nullptr, "loss", "there is a loss '{}' already", entry.name);
  table().push_back(entry);
}

LossRegistration::~LossRegistration() {
  table().remove_if([&](const LossEntry& entry) { return entry.name == name_; });
}

std::string loss_table_markdown() {
  std::string text =
      "| loss | domain | `code` (the study's code) | `paper` (its text) | file |\n|---|---|---|---|---|\n";
  for (const LossEntry& loss : loss_registry()) {
    const std::string code = loss.code.empty() ? "-" : fmt::format("`{}`", cell(loss.code));
    text += fmt::format("| {} | {} | {} | {} | [{}](../{}) |\n", loss.name, loss.domain, code, cell(loss.paper),
                        loss.source, loss.source);
  }
  return text;
}

const LossEntry& find_loss(std::string_view name) {
  if (const LossEntry* found = find_or_null(name)) return *found;
  std::vector<std::string> names;
  for (const LossEntry& entry : loss_registry()) names.emplace_back(entry.name);
  throw UsageError(fmt::format("there is no loss '{}'; nearest: {} ('unmix info' lists all)", name,
                               fmt::join(nearest_names(name, names), ", ")));
}

std::string names_of_losses_with(LossNetworks networks) {
  std::vector<std::string_view> names;
  for (const LossEntry& entry : loss_registry())
    if (entry.networks == networks) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, " and "));
}

}  // namespace unmix
