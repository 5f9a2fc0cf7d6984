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

struct TrainOption {
  using Member =
      std::variant<bool TrainOptions::*, int TrainOptions::*, int64_t TrainOptions::*, uint64_t TrainOptions::*,
                   double TrainOptions::*, std::string TrainOptions::*, std::filesystem::path TrainOptions::*,
                   std::vector<std::string> TrainOptions::*, std::optional<bool> TrainOptions::*,
                   std::optional<std::vector<std::string>> TrainOptions::*>;
  std::string_view group;  // a heading of --help
  std::string_view
      name;  // "batch-size": --batch-size on the command line, batch-size in a study, batch_size in a record
  Member member;
  std::string_view help;
  std::string_view also = {};  // a second name on the command line
};

const std::vector<TrainOption>& train_option_table();

// The name must be one of the table.
const TrainOption& find_train_option(std::string_view name);

}  // namespace unmix
