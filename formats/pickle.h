// What torch.save writes of Python's pickle format (protocols 2 to 5), read as plain values. Nothing is imported or
// called: a pickle that names anything but what its reader allows is refused with that name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "formats/byte_reader.h"

namespace unmix {

struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,  // its value is not kept
    text,
    sequence,   // a tuple or a list
    dict,       // collections.OrderedDict too
    name,       // of a class or function
    call,       // of the function `text` with one sequence of arguments; not made
    reference,  // to something outside of the pickle, by its id
  };
  Kind kind = Kind::none;
  int64_t integer = 0;               // of a boolean too
  std::string_view text = {};        // bytes of the file; of a name or a call "torch._utils._rebuild_tensor_v2"
  std::vector<uint32_t> items = {};  // of a sequence; a dict's keys and values in turn; a call's arguments; the id
};

// Values name each other by index, so that shared, cyclic or deeply nested ones cost no more than their bytes.
class Pickle {
 public:
  const PickleValue& root() const { return values_[root_]; }
  const PickleValue& operator[](uint32_t index) const { return values_[index]; }
  const std::vector<PickleValue>& values() const { return values_; }  // in the order of the bytes

 private:
  friend class PickleMachine;
  std::vector<PickleValue> values_;
  uint32_t root_ = 0;
};

// Reads one pickle, at the reader's position and up to its end. `allowed`: the classes and functions it may name beside
// collections.OrderedDict. Throws where the bytes are no such pickle. Texts are views of the reader's bytes.
Pickle read_pickle(ByteReader& reader, std::span<const std::string_view> allowed);

}  // namespace unmix
