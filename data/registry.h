// The data sets for training: the command line, `unmix info`, the documentation and the tests read this table.
#pragma once

#include "data/listing.h"

namespace unmix {

struct DatasetEntry {
  std::string name;
  std::string layout;                 // what lies in the root
  std::vector<std::string> required;  // options of `unmix train` without which it is nothing ...
  std::vector<std::string> options;   // ... and others that not every data set has
  bool has_mixtures;                  // of a track its first file, or signal of a file, is the sum of the others
  Listing (*list)(const DatasetOptions&);
  std::unique_ptr<Dataset> (*open)(const DatasetOptions&, const OpenTracks&);

  bool has(const std::string& option) const;
};

const std::vector<DatasetEntry>& dataset_registry();

// Throws UsageError with all names for one that there is not.
const DatasetEntry& find_dataset(const std::string& name);

// The name of the one target: --target, else that of its folder, or of its file without folder and extension. Empty of
// musdb where no target is chosen.
std::string target_of(const DatasetOptions& options);

// In Markdown: names, layouts, options.
std::string dataset_table_markdown();

}  // namespace unmix
