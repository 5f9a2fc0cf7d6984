#include "training/target.h"

#include "audio/musdb.h"

namespace unmix {

Tensor select_target(const Batch& batch, const TrainOptions& options) {
  if (options.joint() || batch.targets.dim(0) == 1) return batch.targets;
  Tensor sum;
  for (const std::string& source : musdb_sources_of(options.target)) {
    const auto k = static_cast<int64_t>(musdb_index(source));
    const Tensor part = batch.targets.rows(k, k + 1);
    if (!sum.defined()) {
      sum = part.clone();
      continue;
    }
    for (int64_t i = 0; i < sum.size(); ++i) sum.data()[i] += part.data()[i];
  }
  return sum;
}

}  // namespace unmix
