// A cache of the values that were used last.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <utility>

namespace unmix {

// The last `kCapacity` values, by what they were made from. One per thread: it has no lock.
template <class Key, class Value, size_t kCapacity = 8>
class Recent {
 public:
  // The key's value, made by make() where it is not there. Valid until the next call.
  template <class Make>
  Value& get(const Key& key, const Make& make) {
    const auto found = std::ranges::find(entries_, key, &std::pair<Key, Value>::first);
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
    } else {
      entries_.emplace_front(key, make());
      if (entries_.size() > kCapacity) entries_.pop_back();
    }
    return entries_.front().second;
  }

 private:
  std::list<std::pair<Key, Value>> entries_;
};

}  // namespace unmix
