#include "training/target.h"

#include "audio/musdb.h"

namespace unmix {
namespace {

Tensor sum_of(const Batch& batch, const std::vector<std::string>& sources) {
  Tensor sum;
  for (const std::string& source : sources) {
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

}  // namespace

Tensor select_targets(const Batch& batch, const std::vector<std::string>& targets) {
  if (batch.targets.dim(0) == 1 || targets == musdb_sources) return batch.targets;
  Shape shape = batch.targets.shape();
  shape[0] = static_cast<int64_t>(targets.size());
  Tensor selected = Tensor::empty(shape);
  for (size_t k = 0; k < targets.size(); ++k) {
    const auto row = static_cast<int64_t>(k);
    selected.rows(row, row + 1).copy_from(sum_of(batch, musdb_sources_of(targets[k])));
  }
  return selected;
}

}  // namespace unmix
