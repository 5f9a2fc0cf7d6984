#include "formats/pickle.h"

#include <algorithm>
#include <string>

namespace unmix {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr size_t kMostOperations = size_t{1} << 20;  // a state dict takes about 40 for a tensor

// Of pickletools' table: those that torch.save uses, and those by which a pickle calls something.
// clang-format off
enum Operation : unsigned char {
  kMark = '(', kStop = '.', kNone = 'N', kInt = 'J', kInt1 = 'K', kInt2 = 'M', kFloat = 'G',
  kUnicode = 'X', kString = 'T', kShortString = 'U', kEmptyTuple = ')', kTuple = 't', kEmptyList = ']',
  kAppend = 'a', kAppends = 'e', kEmptyDict = '}', kSetItem = 's', kSetItems = 'u', kPut = 'q', kLongPut = 'r',
  kGet = 'h', kLongGet = 'j', kGlobal = 'c', kInstance = 'i', kReduce = 'R', kBuild = 'b', kPersistent = 'Q',
  kProtocol = 0x80, kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87, kTrue = 0x88, kFalse = 0x89, kLong = 0x8a,
  kShortUnicode = 0x8c, kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95,
};
// clang-format on

}  // namespace

// The stack machine that a pickle is a program of.
class PickleMachine {
 public:
  PickleMachine(ByteReader& reader, std::span<const std::string_view> allowed) : reader_(reader), allowed_(allowed) {}

  Pickle run() {
    for (size_t count = 0;; ++count) {
      if (count == kMostOperations) reader_.refuse("its pickle has more than {} operations", kMostOperations);
      const auto operation = reader_.value<unsigned char>();
      if (operation == kStop) break;
      step(operation);
    }
    pickle_.root_ = pop();
    return std::move(pickle_);
  }

 private:
  void step(unsigned char operation) {
    if (!push_simple(operation) && !push_text(operation) && !build(operation) && !remember(operation) &&
        !name_or_call(operation))
      reader_.refuse("its pickle has the operation 0x{:02x}, which no tensor needs: refused", operation);
  }

  bool push_simple(unsigned char operation) {
    switch (operation) {
      case kNone: push({Kind::none}); return true;
      case kTrue: push({Kind::boolean, 1}); return true;
      case kFalse: push({Kind::boolean, 0}); return true;
      case kInt: push({Kind::integer, reader_.value<int32_t>()}); return true;
      case kInt1: push({Kind::integer, reader_.value<uint8_t>()}); return true;
      case kInt2: push({Kind::integer, reader_.value<uint16_t>()}); return true;
      case kLong: push({Kind::integer, long_integer()}); return true;
      case kFloat:
        reader_.take(8);
        push({Kind::real});
        return true;
      case kEmptyTuple:
      case kEmptyList: push({Kind::sequence}); return true;
      case kEmptyDict: push({Kind::dict}); return true;
      default: return false;
    }
  }

  bool push_text(unsigned char operation) {
    switch (operation) {
      case kUnicode:
      case kString: push({Kind::text, 0, reader_.take(reader_.value<uint32_t>())}); return true;
      case kShortString:
      case kShortUnicode: push({Kind::text, 0, reader_.take(reader_.value<uint8_t>())}); return true;
      default: return false;
    }
  }

  bool build(unsigned char operation) {
    switch (operation) {
      case kMark: marks_.push_back(stack_.size()); return true;
      case kTuple: push({Kind::sequence, 0, {}, pop_to_mark()}); return true;
      case kTuple1:
      case kTuple2:
      case kTuple3: push_tuple(operation - kTuple1 + 1); return true;
      case kAppend: extend(Kind::sequence, {pop()}); return true;
      case kAppends: extend(Kind::sequence, pop_to_mark()); return true;
      case kSetItem: {
        const uint32_t item = pop(), key = pop();
        extend(Kind::dict, {key, item});
        return true;
      }
      case kSetItems: extend(Kind::dict, pop_to_mark()); return true;
      case kBuild:  // the attributes of an OrderedDict: PyTorch's _metadata
        pop();
        if (top().kind != Kind::dict) reader_.refuse("its pickle sets attributes of what is not a dict: refused");
        return true;
      default: return false;
    }
  }

  bool remember(unsigned char operation) {
    switch (operation) {
      case kPut: put(reader_.value<uint8_t>()); return true;
      case kLongPut: put(reader_.value<uint32_t>()); return true;
      case kMemoize: put(memo_.size()); return true;
      case kGet: get(reader_.value<uint8_t>()); return true;
      case kLongGet: get(reader_.value<uint32_t>()); return true;
      default: return false;
    }
  }

  bool name_or_call(unsigned char operation) {
    switch (operation) {
      case kProtocol: {
        const int protocol = reader_.value<uint8_t>();
        if (protocol < 2 || protocol > 5) reader_.refuse("its pickle has protocol {}; 2 to 5 can be read", protocol);
        return true;
      }
      case kFrame: reader_.value<uint64_t>(); return true;
      case kGlobal:
      case kInstance: {
        const std::string_view module = reader_.line(), name = reader_.line();
        push_name(module, name);
        return operation == kGlobal;
      }
      case kStackGlobal: {
        const PickleValue &name = at(pop()), &module = at(pop());
        if (name.kind != Kind::text || module.kind != Kind::text)
          reader_.refuse("its pickle has a name that is no text");
        push_name(module.text, name.text);
        return true;
      }
      case kReduce: call(); return true;
      case kPersistent: push({Kind::reference, 0, {}, {pop()}}); return true;
      default: return false;
    }
  }

  void push_name(std::string_view module, std::string_view name) {
    const std::string full = fmt::format("{}.{}", module, name);
    const auto known = std::find(allowed_.begin(), allowed_.end(), full);
    if (known == allowed_.end() && full != kOrderedDict)
      reader_.refuse(
          "{} is not a tensor: refused; tensors, dicts, lists, texts and numbers are read, such as "
          "torch.save(model.state_dict(), file) writes",
          printable(full));
    push({Kind::name, 0, known == allowed_.end() ? kOrderedDict : *known});
  }

  void call() {
    const uint32_t arguments = pop(), function = pop();
    if (at(function).kind != Kind::name || at(arguments).kind != Kind::sequence)
      reader_.refuse("its pickle calls what is not a function: refused");
    if (at(function).text != kOrderedDict) {
      push({Kind::call, 0, at(function).text, {arguments}});
    } else {
      if (!at(arguments).items.empty()) reader_.refuse("its pickle makes an OrderedDict of something: refused");
      push({Kind::dict});
    }
  }

  // Two's complement, little-endian.
  int64_t long_integer() {
    const std::string_view digits = reader_.take(reader_.value<uint8_t>());
    if (digits.size() > 8) reader_.refuse("its pickle has a whole number of {} bytes; 8 can be read", digits.size());
    uint64_t number = !digits.empty() && (digits.back() & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (size_t i = digits.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(digits[i]);
    return static_cast<int64_t>(number);
  }

  PickleValue& at(uint32_t index) { return pickle_.values_[index]; }
  PickleValue& top() { return at(peek()); }

  void push(PickleValue value) {
    stack_.push_back(static_cast<uint32_t>(pickle_.values_.size()));
    pickle_.values_.push_back(std::move(value));
  }

  uint32_t peek() const {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) reader_.refuse("its pickle takes more than it has");
    return stack_.back();
  }

  uint32_t pop() {
    const uint32_t index = peek();
    stack_.pop_back();
    return index;
  }

  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) reader_.refuse("its pickle takes more than it has");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }

  void push_tuple(int count) {
    std::vector<uint32_t> items(static_cast<size_t>(count));
    for (size_t i = items.size(); i-- > 0;) items[i] = pop();
    push({Kind::sequence, 0, {}, std::move(items)});
  }

  void extend(Kind kind, const std::vector<uint32_t>& items) {
    PickleValue& container = top();
    if (container.kind != kind) reader_.refuse("its pickle adds items to what does not hold them");
    if (kind == Kind::dict && items.size() % 2 != 0) reader_.refuse("its pickle has a key without a value");
    container.items.insert(container.items.end(), items.begin(), items.end());
  }

  // PyTorch numbers its memo from 0 on without gaps.
  void put(size_t slot) {
    if (slot > memo_.size()) reader_.refuse("its pickle skips an entry of its memo");
    if (slot == memo_.size()) memo_.push_back(0);
    memo_[slot] = peek();
  }

  void get(size_t slot) {
    if (slot >= memo_.size()) reader_.refuse("its pickle asks for an entry that its memo lacks");
    stack_.push_back(memo_[slot]);
  }

  ByteReader& reader_;
  std::span<const std::string_view> allowed_;
  Pickle pickle_;
  std::vector<uint32_t> stack_, memo_;
  std::vector<size_t> marks_;
};

Pickle read_pickle(ByteReader& reader, std::span<const std::string_view> allowed) {
  return PickleMachine(reader, allowed).run();
}

}  // namespace unmix
