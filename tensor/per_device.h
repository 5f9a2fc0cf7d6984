// What a thread keeps for each CUDA device it uses: library handles, plans, staging memory.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "tensor/cuda_runtime.h"

namespace unmix {

// The calling thread's T for its current device, made at the first call.
template <class T>
T& per_device() {
  current_stream();  // first: what gives the thread's streams back then ends after what is kept here and uses them
  thread_local std::map<int, std::unique_ptr<T>> instances;
  auto& instance = instances[current_cuda_device()];
  if (instance == nullptr) instance = std::make_unique<T>();
  return *instance;
}

// The plans used last, by what they were made for. Kept few: validation meets a new length with every track.
template <class Key, class Plan>
class PlanCache {
 public:
  Plan& get(const Key& key) {
    const auto found =
        std::find_if(plans_.begin(), plans_.end(), [&](const auto& entry) { return entry.first == key; });
    if (found != plans_.end()) {
      plans_.splice(plans_.begin(), plans_, found);
    } else {
      if (plans_.size() == kCapacity) plans_.pop_back();
      plans_.emplace_front(std::piecewise_construct, std::forward_as_tuple(key), std::forward_as_tuple(key));
    }
    return plans_.front().second;
  }

 private:
  static constexpr size_t kCapacity = 32;
  std::list<std::pair<Key, Plan>> plans_;
};

}  // namespace unmix
