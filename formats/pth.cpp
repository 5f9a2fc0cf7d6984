#include "formats/pth.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "formats/pickle.h"
#include "formats/storage_types.h"
#include "formats/zip_archive.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using Kind = PickleValue::Kind;

constexpr const char* kOp = "pth";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kStateDict = "state_dict";
constexpr size_t kMaxRank = 16;
// Protocol 2, the ten bytes of 0x1950a86a20f9469cfc6c, stop.
constexpr std::string_view kMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
constexpr int64_t kStreamVersion = 1001;

const std::vector<std::string_view>& allowed_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all{kRebuildTensor, kRebuildParameter};
    for (const StorageType& type : storage_types()) all.push_back(type.name);
    return all;
  }();
  return names;
}

struct Storage {
  const StorageType* type;
  std::string_view key;
  uint64_t count;  // values, as the pickle has it
};

struct TensorView {
  std::string_view name;
  Storage storage;
  uint64_t offset;  // in values
  Shape shape, strides;
};

// Takes the state dict out of the pickled object.
class StateDictReader {
 public:
  StateDictReader(const Pickle& pickle, const ByteReader& reader) : pickle_(pickle), reader_(reader) {}

  std::vector<TensorView> read() const {
    const PickleValue* dict = &pickle_.root();
    if (dict->kind != Kind::dict) reader_.refuse("it holds {}, not a state dict", describe(*dict));
    if (const PickleValue* nested = entry(*dict, kStateDict); nested != nullptr && nested->kind == Kind::dict)
      dict = nested;
    std::vector<TensorView> views;
    std::set<std::string_view> names;
    for (size_t i = 0; i + 1 < dict->items.size(); i += 2) {
      const PickleValue &key = pickle_[dict->items[i]], &value = pickle_[dict->items[i + 1]];
      if (key.kind != Kind::text || value.kind != Kind::call) continue;
      if (!names.insert(key.text).second) reader_.refuse("it has two tensors '{}'", printable(key.text));
      views.push_back(tensor(value, key.text));
    }
    if (views.empty() && !dict->items.empty())
      reader_.refuse("its dict has no tensors but {}; a state dict is expected, by itself or under the key '{}'",
                     keys(*dict), kStateDict);
    return views;
  }

  // All that the object refers to, by their keys; of the state dict or not.
  std::map<std::string_view, Storage> storages() const {
    std::map<std::string_view, Storage> all;
    for (const PickleValue& value : pickle_.values()) {
      if (value.kind != Kind::reference) continue;
      const Storage found = storage(value, "(any)");
      all.emplace(found.key, found);
    }
    return all;
  }

 private:
  [[noreturn]] void refuse_tensor(std::string_view name) const {
    reader_.refuse("tensor '{}' is not put together as PyTorch does", printable(name));
  }

  static std::string_view describe(const PickleValue& value) {
    if (value.kind == Kind::call) return "one tensor";
    return value.kind == Kind::sequence ? "a list or tuple" : "a single value";
  }

  const PickleValue* entry(const PickleValue& dict, std::string_view key) const {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& name = pickle_[dict.items[i]];
      if (name.kind == Kind::text && name.text == key) return &pickle_[dict.items[i + 1]];
    }
    return nullptr;
  }

  // The first few, for a message.
  std::string keys(const PickleValue& dict) const {
    std::vector<std::string> names;
    for (size_t i = 0; i < dict.items.size() && names.size() < 5; i += 2)
      names.push_back(printable(pickle_[dict.items[i]].text));
    return fmt::format("{}{}", fmt::join(names, ", "), dict.items.size() > 10 ? ", ..." : "");
  }

  const std::vector<uint32_t>& arguments(const PickleValue& call) const { return pickle_[call.items.at(0)].items; }

  // _rebuild_parameter(tensor, requires_grad, hooks); _rebuild_tensor_v2(storage, offset, shape, strides, ...)
  TensorView tensor(const PickleValue& value, std::string_view name) const {
    const PickleValue* made = &value;
    if (made->text == kRebuildParameter && !arguments(*made).empty()) made = &pickle_[arguments(*made)[0]];
    if (made->kind != Kind::call || made->text != kRebuildTensor || arguments(*made).size() < 4) refuse_tensor(name);
    const std::vector<uint32_t>& given = arguments(*made);
    TensorView view{name, storage(pickle_[given[0]], name), 0, extents(pickle_[given[2]], name),
                    extents(pickle_[given[3]], name)};
    view.offset = whole_number(pickle_[given[1]], name);
    if (view.shape.size() != view.strides.size()) refuse_tensor(name);
    return view;
  }

  // ("storage", type, key, location, count); before 1.6 also a view of it, None since 0.4
  Storage storage(const PickleValue& value, std::string_view name) const {
    if (value.kind != Kind::reference) refuse_tensor(name);
    const std::vector<uint32_t>& id = pickle_[value.items.at(0)].items;
    if (id.size() < 5 || pickle_[id[0]].text != "storage" || pickle_[id[2]].kind != Kind::text) refuse_tensor(name);
    const StorageType* type = find_storage_type(pickle_[id[1]].text);
    if (type == nullptr || (id.size() > 5 && pickle_[id[5]].kind != Kind::none)) refuse_tensor(name);
    return {type, pickle_[id[2]].text, whole_number(pickle_[id[4]], name)};
  }

  uint64_t whole_number(const PickleValue& value, std::string_view name) const {
    if (value.kind != Kind::integer || value.integer < 0) refuse_tensor(name);
    return static_cast<uint64_t>(value.integer);
  }

  Shape extents(const PickleValue& value, std::string_view name) const {
    if (value.kind != Kind::sequence || value.items.size() > kMaxRank) refuse_tensor(name);
    Shape shape;
    for (const uint32_t item : value.items) shape.push_back(static_cast<int64_t>(whole_number(pickle_[item], name)));
    return shape;
  }

  const Pickle& pickle_;
  const ByteReader& reader_;
};

// Number of values; throws unless all lie in the storage's bytes.
uint64_t checked_count(const TensorView& view, uint64_t bytes, const ByteReader& reader) {
  uint64_t count = 1, last = view.offset;
  bool fits = true;
  for (const int64_t extent : view.shape)
    fits = fits && (extent == 0 || !__builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count));
  if (std::find(view.shape.begin(), view.shape.end(), 0) != view.shape.end()) return 0;
  for (size_t axis = 0; axis < view.shape.size(); ++axis) {
    uint64_t reach = 0;
    fits = fits &&
           !__builtin_mul_overflow(static_cast<uint64_t>(view.shape[axis] - 1),
                                   static_cast<uint64_t>(view.strides[axis]), &reach) &&
           !__builtin_add_overflow(last, reach, &last);
  }
  if (!fits || last >= bytes / view.storage.type->bytes)
    reader.refuse("tensor '{}' of shape {} does not fit its storage of {} bytes", printable(view.name),
                  to_string(view.shape), bytes);
  return count;
}

// Makes the tensors, given their storages' bytes.
class TensorMaker {
 public:
  explicit TensorMaker(const ByteReader& reader) : reader_(reader) {}

  Tensor make(const TensorView& view, std::string_view storage) {
    const uint64_t count = checked_count(view, storage.size(), reader_);
    made_ += count;
    if (count > reader_.size() || made_ > reader_.size())
      reader_.refuse(
          "its tensors have more values than the file has bytes: tensors that repeat their values are not "
          "read");
    Tensor tensor = Tensor::empty(view.shape);
    copy_strided(*view.storage.type, storage.data() + view.offset * view.storage.type->bytes, view.shape, view.strides,
                 tensor.data());
    return tensor;
  }

 private:
  const ByteReader& reader_;
  uint64_t made_ = 0;
};

// ---- the zip archive ------------------------------------------------------------------------------------------------

// "<name>/" of the one <name>/data.pkl.
std::string archive_folder(const ZipArchive& archive, const ByteReader& reader) {
  constexpr std::string_view file = "data.pkl";
  std::string folder;
  for (const ZipEntry& entry : archive.entries()) {
    const size_t slash = entry.name.find('/');
    if (slash != std::string_view::npos && entry.name.substr(slash + 1) == file)
      folder = entry.name.substr(0, slash + 1);
  }
  if (folder.empty()) reader.refuse("it is a zip archive, but not one of torch.save: it has no data.pkl");
  if (archive.find(folder + "constants.pkl") != nullptr)
    reader.refuse("it is a TorchScript program; the state dict of its model is expected");
  if (const ZipEntry* order = archive.find(folder + "byteorder"); order != nullptr && archive.read(*order) != "little")
    reader.refuse("its values are not little-endian");
  return folder;
}

TensorFile parse_zip(const ByteReader& reader) {
  const ZipArchive archive(reader);
  const std::string folder = archive_folder(archive, reader);
  ByteReader object = reader.part(archive.read(*archive.find(folder + "data.pkl")));
  const Pickle pickle = read_pickle(object, allowed_names());
  std::map<std::string_view, std::string_view> storages;  // each is checked once
  TensorMaker maker(reader);
  TensorFile file;
  for (const TensorView& view : StateDictReader(pickle, reader).read()) {
    const ZipEntry* entry = archive.find(fmt::format("{}data/{}", folder, view.storage.key));
    if (entry == nullptr || entry->size / view.storage.type->bytes < view.storage.count)
      reader.refuse("the values of tensor '{}' are missing: the file is corrupt", printable(view.name));
    const auto [at, is_new] = storages.try_emplace(view.storage.key);
    if (is_new) at->second = archive.read(*entry);
    file.tensors.emplace_back(view.name, maker.make(view, at->second));
  }
  return file;
}

// ---- the stream of 2019 ---------------------------------------------------------------------------------------------

// The stream itself does not tell the sizes of the values.
std::map<std::string_view, std::string_view> read_storages(ByteReader& reader,
                                                           const std::map<std::string_view, Storage>& storages) {
  const Pickle keys = read_pickle(reader, {});
  if (keys.root().kind != Kind::sequence) reader.refuse("its list of storages is corrupt");
  std::map<std::string_view, std::string_view> values;
  for (const uint32_t item : keys.root().items) {
    const auto storage = storages.find(keys[item].text);
    if (keys[item].kind != Kind::text || storage == storages.end())
      reader.refuse("it has values of no tensor: it is corrupt");
    const auto count = reader.value<uint64_t>();
    if (count != storage->second.count || count > reader.size())
      reader.refuse("a storage has {} values where its tensors want {}: the file is corrupt", count,
                    storage->second.count);
    values[storage->first] = reader.take(count * storage->second.type->bytes);
  }
  return values;
}

TensorFile parse_stream(ByteReader reader) {
  if (reader.take(std::min(kMagic.size(), reader.size())) != kMagic) {
    reader.seek(0);
    read_pickle(reader, allowed_names());  // says what it would call
    reader.refuse("it is a pickle, but not of torch.save: refused");
  }
  const Pickle version = read_pickle(reader, {});
  if (version.root().kind != Kind::integer || version.root().integer != kStreamVersion)
    reader.refuse("it is of a version of PyTorch's format other than {}", kStreamVersion);
  const Pickle system = read_pickle(reader, {});
  const Pickle object = read_pickle(reader, allowed_names());
  const StateDictReader state_dict(object, reader);
  const std::vector<TensorView> views = state_dict.read();
  const auto storages = read_storages(reader, state_dict.storages());
  TensorMaker maker(reader);
  TensorFile file;
  for (const TensorView& view : views) {
    const auto values = storages.find(view.storage.key);
    if (values == storages.end())
      reader.refuse("the values of tensor '{}' are missing: the file is corrupt", printable(view.name));
    file.tensors.emplace_back(view.name, maker.make(view, values->second));
  }
  return file;
}

}  // namespace

bool looks_like_pth(std::string_view first_bytes) {
  if (first_bytes.starts_with("PK\x03\x04")) return true;
  // A .safetensors may begin with any length of its header, which is the brace after it.
  return first_bytes.starts_with('\x80') && (first_bytes.size() < 9 || first_bytes[8] != '{');
}

TensorFile parse_pth(std::string_view bytes, const std::string& file) {
  const ByteReader reader(kOp, file, bytes);
  if (bytes.starts_with("PK")) return parse_zip(reader);
  if (bytes.starts_with('\x80')) return parse_stream(reader);
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar")
    reader.refuse("it is of PyTorch before 0.1.10 (a tar archive), which is not read");
  reader.refuse("it is not a file of torch.save: neither a zip archive nor a pickle");
}

TensorFile read_pth(const fs::path& path) {
  check_input_file(kOp, path);
  check(fs::is_regular_file(path), kOp, "{}: is not a regular file", path.string());
  return parse_pth(read_file(path), path.string());
}

}  // namespace unmix
