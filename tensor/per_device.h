// What a thread keeps for each CUDA device it uses: library handles, plans, staging memory.
#pragma once

#include <map>
#include <memory>

#include "base/recent.h"
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

// The calling thread's plan of a library for its current device, made from the key. Kept few: validation meets a new
// length with every track.
template <class Plan, class Key>
Plan& cached_plan(const Key& key) {
  constexpr size_t kKept = 32;
  auto& plans = per_device<Recent<Key, std::unique_ptr<Plan>, kKept>>();
  return *plans.get(key, [&] { return std::make_unique<Plan>(key); });
}

}  // namespace unmix
