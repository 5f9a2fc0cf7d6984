#include "experiments/study.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <utility>

#include "base/suggest.h"
#include "experiments/toml_table.h"
#include "training/option_table.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// Options of `unmix train` that a study decides by itself.
constexpr std::string_view kNotInStudies[] = {"output", "overwrite", "checkpoint"};

std::vector<const TrainOption*> study_options() {
  std::vector<const TrainOption*> options;
  for (const TrainOption& option : train_option_table())
    if (std::find(std::begin(kNotInStudies), std::end(kNotInStudies), option.name) == std::end(kNotInStudies))
      options.push_back(&option);
  return options;
}

// One value of the file as an option of `unmix train`; what reads it knows the option's type.
struct Setter {
  const TomlTable& table;
  const toml::value& value;
  TrainOptions& options;
  std::string_view name;

  void operator()(bool TrainOptions::*member) const { options.*member = boolean(); }
  void operator()(std::optional<bool> TrainOptions::*member) const { options.*member = boolean(); }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void operator()(Integer TrainOptions::*member) const {
    if (!value.is_integer()) table.fail(value, "{} is a whole number", name);
    if (!std::in_range<Integer>(value.as_integer()))
      table.fail(value, "{} {} is not in {} .. {}", name, value.as_integer(), std::numeric_limits<Integer>::min(),
                 std::numeric_limits<Integer>::max());
    options.*member = static_cast<Integer>(value.as_integer());
  }
  void operator()(double TrainOptions::*member) const {
    if (!value.is_integer() && !value.is_floating()) table.fail(value, "{} is a number", name);
    options.*member = number();
  }
  void operator()(std::string TrainOptions::*member) const {
    if (!value.is_string()) table.fail(value, "{} is a text in quotes", name);
    options.*member = value.as_string().str;
  }
  template <IsParsed T>
  void operator()(T TrainOptions::*member) const {
    if (std::is_same_v<T, LearningRate> && (value.is_integer() || value.is_floating()))
      return read(fmt::format("{}", number()), options.*member);
    if (!value.is_string()) table.fail(value, "{} is a text in quotes", name);
    read(value.as_string().str, options.*member);
  }
  void operator()(fs::path TrainOptions::*member) const {
    if (!value.is_string()) table.fail(value, "{} is a path in quotes", name);
    options.*member = value.as_string().str;
  }
  void operator()(std::vector<std::string> TrainOptions::*member) const { options.*member = texts(); }
  void operator()(std::optional<std::vector<Augmentation>> TrainOptions::*member) const {
    read(texts(), options.*member);
  }

  // Errors get their place in the file.
  void read(const auto& text, auto& option) const {
    try {
      read_option(text, option);
    } catch (const UsageError& error) {
      table.fail(value, "{}", error.what());
    }
  }

  bool boolean() const {
    if (!value.is_boolean()) table.fail(value, "{} is true or false", name);
    return value.as_boolean();
  }
  std::vector<std::string> texts() const {
    const auto is_text = [](const toml::value& element) { return element.is_string(); };
    if (!value.is_array() || !std::all_of(value.as_array().begin(), value.as_array().end(), is_text))
      table.fail(value, "{} is a list of texts: [\"...\", \"...\"]", name);
    std::vector<std::string> list;
    for (const toml::value& element : value.as_array()) list.push_back(element.as_string().str);
    return list;
  }
  double number() const { return value.is_integer() ? static_cast<double>(value.as_integer()) : value.as_floating(); }
};

// Reads the table's options of `unmix train` over those given; `others` are its further keys.
TrainOptions read_options(const TomlTable& table, TrainOptions options, std::vector<std::string> others = {}) {
  for (const TrainOption* option : study_options()) others.emplace_back(option->name);
  table.check_keys(others);
  for (const TrainOption* option : study_options())
    if (const toml::value* value = table.find(std::string(option->name)))
      std::visit(Setter{table, *value, options, option->name}, option->member);
  return options;
}

void check_name(const TomlTable& table, const std::string& name, const Study& study) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::strchr(" ._+-", c) != nullptr;
  };
  if (name.empty() || name.starts_with('.') || !std::all_of(name.begin(), name.end(), allowed))
    table.fail(table.value(),
               "the run '{}' needs a name = \"...\" that can be a folder's: letters, digits, space and . _ + -", name);
  if (study.find(name) || name == "songs" || name == "cache")
    table.fail(table.value(), "the name '{}' is taken: give this run another by name = \"...\"", name);
}

// `model` of a run: another run of the study, or a model directory.
void find_start(const TomlTable& table, const Study& study, StudyRun& run) {
  if (run.options.model.empty()) return;
  const std::string start = run.options.model.string();
  if (const auto other = study.find(start)) {
    if (study.runs[*other].name == run.name)
      table.fail(table.value(), "the run '{}' cannot start from itself", run.name);
    run.after = start;
    run.options.model = study.runs[*other].options.output;
    return;
  }
  std::vector<std::string> names;
  for (const StudyRun& other : study.runs) names.push_back(other.name);
  if (!fs::is_directory(run.options.model))
    table.fail(table.value(), "the run '{}' starts from model '{}', which is neither a run (nearest: {}) nor a folder",
               run.name, start, fmt::join(nearest_names(start, names), ", "));
}

// A run that waits for itself by way of others would never start.
void check_order(const TomlTable& table, const Study& study, const StudyRun& run) {
  const StudyRun* at = &run;
  for (size_t steps = 0; !at->after.empty(); ++steps) {
    if (steps == study.runs.size())
      table.fail(table.value(), "the run '{}' starts from a run that waits for it", run.name);
    at = &study.runs[*study.find(at->after)];
  }
}

StudyRun read_run(const TomlTable& table, const Study& study, const TrainOptions& defaults) {
  StudyRun run;
  run.options = read_options(table, defaults, {"name"});
  run.name = table.text("name", run.options.loss.text());
  check_name(table, run.name, study);
  run.options.output = study.folder(run) / "model";
  if (run.options.dataset != "musdb")
    table.fail(table.value(), "run '{}': a study scores songs of dataset musdb, not of {}: use unmix train", run.name,
               run.options.dataset);
  try {
    run.options.validate();
  } catch (const UsageError& error) {
    table.fail(table.value(), "run '{}': {}", run.name, error.what());
  }
  return run;
}

}  // namespace

std::optional<size_t> Study::find(const std::string& name) const {
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i].name == name) return i;
  return std::nullopt;
}

Study read_study(const fs::path& file, const StudyOverrides& overrides) {
  const TomlTable root = TomlTable::read(file);
  root.check_keys({"output", "demo-songs", "train", "score", "run"});
  Study study;
  study.file = file;
  study.output = overrides.output.empty() ? fs::path(root.text("output", file.stem().string())) : overrides.output;
  if (overrides.root.empty()) study.demo_songs = root.choice("demo-songs", "", {"full", "tiny"});

  const TomlTable score = root.table("score");
  score.check_keys({"subset", "softmask", "keep-estimates"});
  study.scoring.subset = score.choice("subset", "test", {"train", "valid", "test"});
  study.scoring.softmask = score.boolean("softmask", false);
  study.scoring.keep_estimates = score.boolean("keep-estimates", false);

  TrainOptions defaults = read_options(root.table("train"), {});
  if (!study.demo_songs.empty()) {
    defaults.root = study.output / "songs";
    defaults.is_wav = true;
    if (defaults.cache.empty()) defaults.cache = study.output / "cache";
  }
  const std::vector<TomlTable> tables = root.tables("run");
  if (tables.empty()) root.fail(root.value(), "there is no run: [[run]] with loss = \"...\" begins one");
  for (const TomlTable& table : tables) {
    StudyRun run = read_run(table, study, defaults);
    if (!overrides.root.empty()) run.options.root = overrides.root;
    if (!overrides.cache.empty()) run.options.cache = overrides.cache;
    if (overrides.seed) run.options.seed = *overrides.seed;
    if (run.options.root.empty())
      table.fail(table.value(), "run '{}' has no songs: give root = \"...\" in [train], or --root", run.name);
    study.runs.push_back(std::move(run));
  }
  for (size_t i = 0; i < tables.size(); ++i) find_start(tables[i], study, study.runs[i]);
  for (size_t i = 0; i < tables.size(); ++i) check_order(tables[i], study, study.runs[i]);
  return study;
}

}  // namespace unmix
