// The options of a training run as a table: the command line, study files and the record of a run (to_json) read it.
// A new option is a member of TrainOptions and a line here.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "training/options.h"

namespace unmix {

// Groups of options that decide what data a run sees.
inline constexpr std::string_view kDataGroup = "Data", kFolderGroup = "Data sets of folders";

// Whether an option is written as a name or a text that is parsed at once: option_text and read_option.
template <class T>
concept IsParsed = std::is_same_v<T, Objective> || std::is_same_v<T, Variant> || std::is_same_v<T, const ModelEntry*> ||
    std::is_same_v<T, LearningRate> || std::is_same_v<T, Precision> || std::is_same_v<T, LstmEngine> ||
    std::is_same_v<T, const DiscriminatorEntry*> || std::is_same_v<T, std::optional<Gan>> ||
    std::is_same_v<T, std::optional<VggishFrontend>>;

struct TrainOption {
  using Member =
      std::variant<bool TrainOptions::*, int TrainOptions::*, int64_t TrainOptions::*, uint64_t TrainOptions::*,
                   double TrainOptions::*, std::string TrainOptions::*, std::filesystem::path TrainOptions::*,
                   std::vector<std::string> TrainOptions::*, std::optional<bool> TrainOptions::*,
                   std::optional<std::vector<Augmentation>> TrainOptions::*, Objective TrainOptions::*,
                   Variant TrainOptions::*, const ModelEntry * TrainOptions::*, LearningRate TrainOptions::*,
                   Precision TrainOptions::*, LstmEngine TrainOptions::*, const DiscriminatorEntry * TrainOptions::*,
                   std::optional<Gan> TrainOptions::*, std::optional<VggishFrontend> TrainOptions::*>;
  std::string_view group;  // a heading of --help
  // "batch-size": --batch-size on the command line, batch-size in a study, batch_size in a record
  std::string_view name;
  Member member;
  std::string help;
  std::string_view also = {};  // a second name on the command line
};

const std::vector<TrainOption>& train_option_table();

// The value that a text stands for; throws UsageError where it stands for none.
void read_option(std::string_view text, Objective& value);
void read_option(std::string_view text, Variant& value);
void read_option(std::string_view text, const ModelEntry*& value);
void read_option(std::string_view text, LearningRate& value);
void read_option(std::string_view text, Precision& value);
void read_option(std::string_view text, LstmEngine& value);
void read_option(std::string_view text, const DiscriminatorEntry*& value);
void read_option(std::string_view text, std::optional<Gan>& value);
void read_option(std::string_view text, std::optional<VggishFrontend>& value);

void read_option(const std::vector<std::string>& texts, std::optional<std::vector<Augmentation>>& value);

// The text of a value; "" where none was given.
std::string option_text(const Objective& value);
std::string option_text(Variant value);
std::string option_text(const ModelEntry* value);
std::string option_text(const LearningRate& value);
std::string option_text(Precision value);
std::string option_text(LstmEngine value);
std::string option_text(const DiscriminatorEntry* value);
std::string option_text(std::optional<Gan> value);
std::string option_text(std::optional<VggishFrontend> value);

// The name must be one of the table.
const TrainOption& find_train_option(std::string_view name);

}  // namespace unmix
