// .pth files: those of torch.save in both formats, our own, and everything that can be wrong with one.
#include "formats/pth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/file.h"
#include "formats/weights_file.h"
#include "formats/zip_archive.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/paths.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path checkpoint(const std::string& name) { return test::golden_path("checkpoints/" + name + ".pth"); }

void expect_same_tensors(const NamedTensors& actual, const NamedTensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  const TensorFile file{expected, {}};
  for (const auto& [name, tensor] : actual) {
    const Tensor* wanted = file.find(name);
    ASSERT_NE(wanted, nullptr) << name;
    EXPECT_EQ(tensor.rank() == 0 ? Shape{1} : tensor.shape(), wanted->shape()) << name;  // goldens have no scalars
    EXPECT_TRUE(same_bits(tensor.to_vector(), wanted->to_vector())) << name;
  }
}

bool same_tensors(const TensorFile& a, const TensorFile& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const auto& [name, x] = a.tensors[i];
    const auto& [other, y] = b.tensors[i];
    if (name != other || x.shape() != y.shape() || !same_bits(x.to_vector(), y.to_vector())) return false;
  }
  return true;
}

// ---- what torch.save writes -----------------------------------------------------------------------------------------

TEST(Pth, FilesOfTorchSaveGiveItsTensors) {
  const GoldenFile golden("checkpoints");
  for (const std::string name : {"types", "openunmix", "training"})
    for (const std::string format : {"zip", "stream"}) {
      SCOPED_TRACE(name + "." + format);
      expect_same_tensors(read_pth(checkpoint(name + "." + format)).tensors, golden.group(name));
    }
  expect_same_tensors(read_pth(checkpoint("protocol4.zip")).tensors, golden.group("protocol4"));
}

TEST(Pth, TensorsKeepTheirOrder) {
  const TensorFile file = read_pth(checkpoint("openunmix.stream"));
  EXPECT_EQ(file.tensors.front().first, "input_mean");
  EXPECT_EQ(file.tensors.back().first, "sample_rate");
}

TEST(Pth, WhatAFileWouldCallIsRefusedByName) {
  for (const char* format : {"zip", "stream"}) {
    EXPECT_THAT(error_of([&] { read_pth(checkpoint(std::string("system.") + format)); }),
                HasSubstr("posix.system is not a tensor: refused"));
    EXPECT_THAT(error_of([&] { read_pth(checkpoint(std::string("eval.") + format)); }),
                HasSubstr("__builtin__.eval is not a tensor: refused"));
  }
  EXPECT_THAT(error_of([&] { read_pth(checkpoint("system4.zip")); }), HasSubstr("posix.system is not a tensor"));
}

TEST(Pth, FormatsAreToldByContent) {
  const TemporaryFolder folder;
  const TensorFile file{{{"x", random_tensor({2, 3}, 1)}}, {}};
  write_pth(folder / "a.safetensors", file);
  write_safetensors(folder / "b.pth", file);
  fs::copy_file(checkpoint("training.stream"), folder / "c");
  EXPECT_TRUE(same_tensors(read_weights(folder / "a.safetensors"), file));
  EXPECT_TRUE(same_tensors(read_weights(folder / "b.pth"), file));
  EXPECT_EQ(read_weights(folder / "c").tensors.size(), 2u);
  // A header of 0x280 bytes: the first two are those of a pickle.
  write_safetensors(folder / "d.safetensors", {file.tensors, {{"k", std::string(0x280 - 82, 'k')}}});
  EXPECT_EQ(read_file(folder / "d.safetensors").substr(0, 2), "\x80\x02");
  EXPECT_TRUE(same_tensors({read_weights(folder / "d.safetensors").tensors, {}}, file));
  write_file(folder / "e.pth", "text");
  EXPECT_THAT(error_of([&] { read_weights(folder / "e.pth"); }), HasSubstr("e.pth: it is not a file of torch.save"));
  EXPECT_THAT(error_of([&] { read_weights(folder / "none.pth"); }), HasSubstr("none.pth: no such file"));
  EXPECT_THAT(error_of([&] { read_pth("/dev/zero"); }), HasSubstr("is not a regular file"));
}

// ---- our own files --------------------------------------------------------------------------------------------------

TEST(Pth, WhatIsWrittenIsReadBack) {
  const TemporaryFolder folder;
  TensorFile file{{{"z.weight", random_tensor({3, 4}, 1)},
                   {"a", Tensor::full({}, 2.5f)},
                   {"none", Tensor::zeros({0, 5})},
                   {"bn.num_batches_tracked", Tensor::full({}, 1234.0f)},
                   {"strange \"name\" \xc3\xa4", random_tensor({7}, 2)}},
                  {}};
  float* values = file.tensors[0].second.data();
  values[0] = std::nanf(""), values[1] = -0.0f, values[2] = 0x1p-149f, values[3] = HUGE_VALF;
  for (const Device device : devices_present()) {
    TensorFile there = file;
    for (auto& [name, tensor] : there.tensors) tensor = tensor.to(device);
    write_pth(folder / "file.pth", there);
    EXPECT_TRUE(same_tensors(read_pth(folder / "file.pth"), file));
  }
  write_pth(folder / "empty.pth", {});
  EXPECT_TRUE(read_pth(folder / "empty.pth").tensors.empty());
  const Tensor x = Tensor::zeros({1});
  EXPECT_THAT(error_of([&] { write_pth(folder / "two.pth", {{{"a", x}, {"a", x}}, {}}); }), HasSubstr("'a'"));
  EXPECT_FALSE(fs::exists(folder / "two.pth"));
}

std::string own_file(const TensorFile& file) {
  const TemporaryFolder folder;
  write_pth(folder / "file.pth", file);
  return read_file(folder / "file.pth");
}

TEST(Pth, CountersAreWholeNumbersAndDataIsAligned) {
  const std::string bytes =
      own_file({{{"bn.num_batches_tracked", Tensor::full({}, 77.0f)}, {"x", Tensor::zeros({5})}}, {}});
  const ZipArchive archive(ByteReader("test", "own", bytes));
  for (const ZipEntry& entry : archive.entries())
    EXPECT_EQ((archive.read(entry).data() - bytes.data()) % 64, 0) << entry.name;
  int64_t counter = 0;
  const std::string_view stored = archive.read(*archive.find("archive/data/0"));
  ASSERT_EQ(stored.size(), sizeof counter);
  std::memcpy(&counter, stored.data(), sizeof counter);
  EXPECT_EQ(counter, 77);
}

// ---- damaged files --------------------------------------------------------------------------------------------------

TEST(Pth, AFileCutShortIsRefused) {
  for (const char* name : {"types.zip", "types.stream", "training.zip", "training.stream"}) {
    const std::string good = read_file(checkpoint(name));
    for (size_t size = 0; size < good.size(); ++size) {
      // Bytes of a string that end with it, so that a read beyond shows in an instrumented build.
      const std::string cut = good.substr(0, size);
      EXPECT_THROW(parse_pth(cut, name), Error) << name << " " << size;
    }
  }
}

struct Outcomes {
  int same = 0, other = 0, refused = 0;
};

// Of all files that differ from this one in one byte.
Outcomes damage_every_byte(const std::string& good) {
  const TensorFile expected = parse_pth(good, "good");
  Outcomes outcomes;
  std::string damaged = good;
  for (size_t at = 0; at < good.size(); ++at)
    for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      damaged[at] = static_cast<char>(good[at] ^ change);
      try {
        const TensorFile read = parse_pth(damaged, "damaged");
        int64_t values = 0;
        for (const auto& [name, tensor] : read.tensors) values += tensor.size();
        EXPECT_LE(values, static_cast<int64_t>(good.size()));
        ++(same_tensors(read, expected) ? outcomes.same : outcomes.other);
      } catch (const Error&) {
        ++outcomes.refused;
      }
      damaged[at] = good[at];
    }
  return outcomes;
}

// Checksums find every changed value of the zip format; the stream has none.
TEST(Pth, AChangedByteIsFoundOrHarmless) {
  const Outcomes zip = damage_every_byte(read_file(checkpoint("training.zip")));
  EXPECT_EQ(zip.other, 0);
  EXPECT_GT(zip.refused, 3000);
  EXPECT_GT(zip.same, 3000);  // in padding and in what nobody reads
  const Outcomes stream = damage_every_byte(read_file(checkpoint("training.stream")));
  EXPECT_GT(stream.refused, 3000);
  EXPECT_GT(stream.other, 100);
  damage_every_byte(read_file(checkpoint("types.stream")));
}

}  // namespace
}  // namespace unmix::test
