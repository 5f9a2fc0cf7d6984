// Writing .pth: formats/pth.h says what.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "base/check_call.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/pth.h"
#include "formats/zip_archive.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "archive/";  // torch.save's where it knows no file name

bool is_counter(const std::string& name, const Tensor& tensor) {
  return name.ends_with("num_batches_tracked") && tensor.size() == 1;
}

template <class T>
std::string_view bytes_of(const T* values, int64_t count) {
  return {reinterpret_cast<const char*>(values), static_cast<size_t>(count) * sizeof(T)};
}

// The operations of formats/pickle.cpp, put one after another.
class PickleText {
 public:
  void raw(std::string_view operations) { text_ += operations; }
  void name(std::string_view module, std::string_view name) { text_ += fmt::format("c{}\n{}\n", module, name); }

  void text(std::string_view value) {
    const auto length = static_cast<uint32_t>(value.size());
    text_ += 'X';
    text_ += bytes_of(&length, 1);
    text_ += value;
  }

  void number(int64_t value) {
    const auto small = static_cast<int32_t>(value);
    text_ += small == value ? std::string("J") : std::string("\x8a\x08");
    text_ += small == value ? bytes_of(&small, 1) : bytes_of(&value, 1);
  }

  void tuple(const Shape& values) {
    text_ += '(';
    for (const int64_t value : values) number(value);
    text_ += 't';
  }

  void ordered_dict() {
    name("collections", "OrderedDict");
    text_ += ")R";
  }

  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * std::max<int64_t>(1, shape[axis]);
  return strides;
}

// _rebuild_tensor_v2(("storage", type, key, "cpu", count), 0, shape, strides, False, OrderedDict())
void append_tensor(PickleText& pickle, const std::string& key, const Tensor& tensor, bool counter) {
  pickle.name("torch._utils", "_rebuild_tensor_v2");
  pickle.raw("((");
  pickle.text("storage");
  pickle.name("torch", counter ? "LongStorage" : "FloatStorage");
  pickle.text(key);
  pickle.text("cpu");
  pickle.number(tensor.size());
  pickle.raw("tQ");
  pickle.number(0);
  const Shape shape = counter ? Shape{} : tensor.shape();
  pickle.tuple(shape);
  pickle.tuple(strides_of(shape));
  pickle.raw("\x89");
  pickle.ordered_dict();
  pickle.raw("tR");
}

std::string pickle_of(const TensorFile& file) {
  PickleText pickle;
  std::set<std::string_view> names;
  pickle.raw("\x80\x02");
  pickle.ordered_dict();
  pickle.raw("(");
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, tensor] = file.tensors[i];
    check(names.insert(name).second, "pth", "there is a second tensor of the name '{}'", name);
    pickle.text(name);
    append_tensor(pickle, std::to_string(i), tensor, is_counter(name, tensor));
  }
  pickle.raw("u.");
  return pickle.str();
}

class ArchiveFile {
 public:
  explicit ArchiveFile(const fs::path& path) : stream_(path, std::ios::binary) {}

  void add(std::string_view name, std::string_view bytes) {
    put(headers_.entry(std::string(kFolder) += name, bytes.size(), crc32_of(bytes)));
    put(bytes);
  }

  bool close() {
    put(headers_.directory());
    stream_.close();
    return static_cast<bool>(stream_);
  }

 private:
  void put(std::string_view bytes) { stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); }

  std::ofstream stream_;
  ZipHeaders headers_;
};

}  // namespace

void write_pth(const fs::path& path, const TensorFile& file) {
  const std::string pickle = pickle_of(file);
  write_atomically(path, [&](const fs::path& temporary) {
    ArchiveFile archive(temporary);
    archive.add("data.pkl", pickle);
    archive.add("byteorder", "little");
    for (size_t i = 0; i < file.tensors.size(); ++i) {
      const auto& [name, tensor] = file.tensors[i];
      const Tensor values = tensor.to(Device::cpu);
      const int64_t counter = is_counter(name, values) ? std::llrint(values.item()) : 0;
      archive.add(fmt::format("data/{}", i),
                  is_counter(name, values) ? bytes_of(&counter, 1) : bytes_of(values.data(), values.size()));
    }
    archive.add("version", "3\n");
    check_call(archive.close(), "file", "cannot write {}", path.string());
  });
}

}  // namespace unmix
