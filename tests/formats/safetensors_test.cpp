// .safetensors files: round trips, files of other writers, and everything that can be wrong with one.
#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string file_of(const std::string& header, const std::string& data, uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string file_of(const std::string& header, const std::string& data) { return file_of(header, data, header.size()); }

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

TensorFile sample() {
  return {{{"z.weight", random_tensor({3, 4}, 1)},
           {"a", Tensor::full({}, 2.5f)},
           {"none", Tensor::zeros({0, 5})},
           {"strange \"name\" \xc3\xa4", random_tensor({7}, 2)}},
          {{"format", "pt"}, {"notes", "{\"json\": [1, 2]}\n"}}};
}

void expect_equal(const TensorFile& a, const TensorFile& b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].first, b.tensors[i].first);
    EXPECT_EQ(a.tensors[i].second.shape(), b.tensors[i].second.shape());
    EXPECT_TRUE(same_bits(a.tensors[i].second.to_vector(), b.tensors[i].second.to_vector()));
  }
}

TEST(Safetensors, WhatIsWrittenIsReadBack) {
  const TemporaryFolder folder;
  TensorFile file = sample();
  float* values = file.tensors[0].second.data();
  values[0] = std::numeric_limits<float>::quiet_NaN(), values[1] = -0.0f, values[2] = 0x1p-149f, values[3] = HUGE_VALF;
  write_safetensors(folder / "file", file);
  expect_equal(read_safetensors(folder / "file"), file);
  write_safetensors(folder / "empty", {});
  expect_equal(read_safetensors(folder / "empty"), {});
}

TEST(Safetensors, TensorsOfEveryDeviceAreWritten) {
  const TemporaryFolder folder;
  for (const Device device : devices_present()) {
    TensorFile file = sample();
    for (auto& [name, tensor] : file.tensors) tensor = tensor.to(device);
    write_safetensors(folder / "file", file);
    expect_equal(read_safetensors(folder / "file"), sample());
  }
}

TEST(Safetensors, TheDataStartsAlignedAndIsInFileOrder) {
  const TemporaryFolder folder;
  for (const char* text : {"", "1", "22", "333", "4444", "55555", "666666", "7777777"}) {
    write_safetensors(folder / "file",
                      {{{"x", Tensor::full({1}, 1.5f)}, {"y", Tensor::full({1}, 2.5f)}}, {{"k", text}}});
    const std::string bytes = read_file(folder / "file");
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u);
    EXPECT_EQ(bytes[8], '{');
    EXPECT_EQ(bytes.substr(8 + length), bytes_of<float>({1.5f, 2.5f}));
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    EXPECT_EQ(header["y"]["data_offsets"], nlohmann::json({4, 8}));
    EXPECT_EQ(header["y"]["dtype"], "F32");
  }
}

TEST(Safetensors, TensorsAreFoundByName) {
  const TensorFile file = sample();
  EXPECT_EQ(file.find("a"), &file.tensors[1].second);
  EXPECT_EQ(file.find("b"), nullptr);
}

TEST(Safetensors, OtherTypesBecomeFloat) {
  const TemporaryFolder folder;
  const double precise = 1.0 / 3.0;
  write_file(folder / "file",
             file_of(R"({"late":{"dtype":"F32","shape":[2],"data_offsets":[24,32]},
                        "steps":{"dtype":"I64","shape":[],"data_offsets":[0,8]},
                        "losses":{"dtype":"F64","shape":[2],"data_offsets":[8,24]}})",
                     bytes_of<int64_t>({123456}) + bytes_of<double>({precise, -2.0}) + bytes_of<float>({0.1f, 7.0f})));
  const TensorFile file = read_safetensors(folder / "file");
  EXPECT_EQ(file.tensors[0].first, "late");
  EXPECT_EQ(file.find("steps")->item(), 123456.0f);
  EXPECT_EQ(file.find("losses")->to_vector(), (std::vector<float>{static_cast<float>(precise), -2.0f}));
  EXPECT_EQ(read_safetensors_f64(folder / "file", "losses"), (std::vector<double>{precise, -2.0}));
  EXPECT_EQ(read_safetensors_f64(folder / "file", "late"), (std::vector<double>{0.1f, 7.0}));
  EXPECT_THAT(error_of([&] { read_safetensors_f64(folder / "file", "other"); }),
              HasSubstr("no F64 or F32 tensor 'other'"));
  EXPECT_THAT(error_of([&] { read_safetensors_f64(folder / "file", "steps"); }),
              HasSubstr("no F64 or F32 tensor 'steps'"));
}

TEST(Safetensors, TheGoldensAreRead) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(test::golden_path())) {
    if (entry.path().extension() != ".safetensors") continue;
    const TensorFile file = read_safetensors(entry.path());
    EXPECT_GT(file.tensors.size(), 3u) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 3);
  EXPECT_EQ(read_safetensors_f64(test::golden_path("schedule.safetensors"), "plateau0.lr")[0], 1e-3);
}

// ---- bad files ----------------------------------------------------------------------------------------------------

struct BadFile {
  std::string bytes, message;
};

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string header_of(const std::string& entries) { return "{" + entries + "}"; }

std::vector<BadFile> bad_layouts() {
  const std::string two(8, '\0'), one = entry("a", "[1]", "[0,4]");
  const std::string good = file_of(header_of(one), two.substr(4));
  return {
      {"abc", "3 bytes are too few"},
      {good.substr(0, 20), "is longer than the file"},
      {good.substr(0, good.size() - 1), "tensor 'a' ends at byte 4, but the file has 3 bytes of data"},
      {good + "x", "5 bytes of data, but the tensors fill 4"},
      {file_of("{}", "", 100'000'001), "beyond the limit"},
      {file_of("{}", "", ~uint64_t{0}), "beyond the limit"},
      {file_of("{}", "", 3), "is longer than the file"},
      {file_of(header_of(entry("a", "[1]", "[0,4]") + "," + entry("b", "[1]", "[2,6]")), two.substr(2)),
       "overlap or leave gaps"},
      {file_of(header_of(entry("a", "[1]", "[0,4]") + "," + entry("b", "[1]", "[0,4]")), two.substr(4)),
       "overlap or leave gaps"},
      {file_of(header_of(entry("a", "[1]", "[4,8]")), two), "overlap or leave gaps"},
      {file_of(header_of(entry("a", "[1]", "[4,0]")), two), "does not fit bytes 4 to 0"},
      {file_of(header_of(entry("a", "[3]", "[0,8]")), two), "shape [3] and dtype F32 does not fit bytes 0 to 8"},
      {file_of(header_of(entry("a", "[2]", "[0,8]", "F64")), two), "does not fit"},
      {file_of(header_of(entry("a", "[4294967296,4294967296,4]", "[0,0]")), ""), "does not fit"},
      {file_of(header_of(entry("a", "[2305843009213693952]", "[0,0]", "F64")), ""), "does not fit"},
      {file_of(header_of(entry("a", "[1000000000000]", "[0,4000000000000]")), two), "has 8 bytes of data"},
      {file_of(header_of(entry("a", "[4]", "[0,8]", "BF16")), two), "tensor 'a' has dtype BF16"},
      {file_of(header_of(entry("a", "[8]", "[0,8]", "U8")), two), "tensor 'a' has dtype U8"},
      {file_of(header_of(entry("a", "[2]", "[0,16]", "I64")), two + two), "only single values"},
  };
}

std::vector<BadFile> bad_headers() {
  const std::string four(4, '\0'), one = entry("a", "[1]", "[0,4]");
  const auto with = [&](const std::string& header) { return file_of(header, four); };
  const std::string incomplete = "tensor 'a' lacks a dtype, a shape or two data_offsets";
  return {
      {with("not json"), "is not JSON"},
      {with("{" + one), "is not JSON"},
      {with(header_of(one) + "}"), "is not JSON"},
      {with("\xff\xfe{}"), "is not JSON"},
      {with(""), "is not JSON"},
      {with(header_of("\"a\":1e999")), "is not JSON"},
      {with("[]"), "not an object of tensors"},
      {with("3"), "not an object"},
      {with("null"), "not an object"},
      {with(header_of("\"a\":3")), "not an object of tensors"},
      {with(header_of("\"a\":[1]")), "not an object of tensors"},
      {with(header_of(one + "," + one)), "'a' stands twice"},
      {with(header_of(R"("a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})")),
       "'dtype' stands twice"},
      {with(header_of(R"("a":{"dtype":"F32","shape":[1]})")), incomplete},
      {with(header_of(R"("a":{"dtype":32,"shape":[1],"data_offsets":[0,4]})")), incomplete},
      {with(header_of(entry("a", "1", "[0,4]"))), incomplete},
      {with(header_of(entry("a", "[-1]", "[0,4]"))), incomplete},
      {with(header_of(entry("a", "[1.0]", "[0,4]"))), incomplete},
      {with(header_of(entry("a", "[\"1\"]", "[0,4]"))), incomplete},
      {with(header_of(entry("a", "[18446744073709551615]", "[0,4]"))), incomplete},
      {with(header_of(entry("a", "[1]", "[0,4,8]"))), incomplete},
      {with(header_of(entry("a", "[1]", "[-4,0]"))), incomplete},
      {with(header_of(entry("a", "[[1]]", "[0,4]"))), "nested too deeply"},
      {with(header_of(R"("a":{"dtype":{"x":1}})")), "not an object of tensors"},
      {with(header_of(entry("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"))), "too many dimensions"},
      {with(header_of("\"__metadata__\":{\"k\":1}," + one)), "metadata 'k' is not text"},
      {with(std::string(1'000'000, '[')), "not an object of tensors"},
      {with("{\"a\":{\"shape\":" + std::string(1'000'000, '[')), "nested too deeply"},
  };
}

TEST(Safetensors, ABadFileIsRefusedInOneLineThatNamesIt) {
  const TemporaryFolder folder;
  const fs::path path = folder / "bad.safetensors";
  std::vector<BadFile> all = bad_layouts();
  for (const BadFile& bad : bad_headers()) all.push_back(bad);
  for (const BadFile& bad : all) {
    write_file(path, bad.bytes);
    const std::string message = error_of([&] { read_safetensors(path); });
    EXPECT_THAT(message, AllOf(StartsWith("[safetensors] " + path.string() + ": "), HasSubstr(bad.message)))
        << bad.bytes.substr(0, 300);
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_LT(message.size(), 500u);
  }
}

// Every file that is cut short, or has one byte changed in its header, is read or refused, and never more than that.
TEST(Safetensors, DamagedFilesEndInAnErrorAtWorst) {
  const TemporaryFolder folder;
  write_safetensors(folder / "good", sample());
  const std::string good = read_file(folder / "good");
  uint64_t length = 0;
  std::memcpy(&length, good.data(), 8);
  int refused = 0;
  const auto try_reading = [&](const std::string& bytes) {
    std::ofstream(folder / "bad", std::ios::binary) << bytes;
    try {
      read_safetensors(folder / "bad");
    } catch (const Error&) {
      ++refused;
    }
  };
  for (size_t size = 0; size < good.size(); ++size) try_reading(good.substr(0, size));
  EXPECT_EQ(refused, static_cast<int>(good.size()));
  for (size_t at = 0; at < 8 + length; ++at)
    for (const char replacement : {'"', '{', ']', '0', '9', ',', '\0', '\xff'}) {
      std::string damaged = good;
      damaged[at] = replacement;
      try_reading(damaged);
    }
  EXPECT_GT(refused, static_cast<int>(good.size() + length));
}

TEST(Safetensors, WhatIsNoFileIsSaid) {
  const TemporaryFolder folder;
  write_file(folder / "empty", "");
  EXPECT_THAT(error_of([&] { read_safetensors(folder / "none"); }), HasSubstr("none: no such file"));
  EXPECT_THAT(error_of([&] { read_safetensors(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { read_safetensors(folder / "empty"); }), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of([&] { read_safetensors("/dev/zero"); }), StartsWith("[safetensors] /dev/zero: "));
}

TEST(Safetensors, NamesMustBeDistinct) {
  const TemporaryFolder folder;
  const Tensor x = Tensor::zeros({1});
  EXPECT_THAT(error_of([&] { write_safetensors(folder / "file", {{{"a", x}, {"a", x}}, {}}); }), HasSubstr("'a'"));
  EXPECT_THAT(error_of([&] {
                write_safetensors(folder / "file", {{{"__metadata__", x}}, {}});
              }),
              HasSubstr("__metadata__"));
  EXPECT_FALSE(fs::exists(folder / "file"));
}

TEST(Safetensors, AFailedWriteKeepsTheOldFile) {
  const TemporaryFolder folder;
  write_safetensors(folder / "file", sample());
  EXPECT_THAT(error_of([&] { write_safetensors(folder / "none/file", sample()); }), HasSubstr("cannot write"));
  EXPECT_THAT(error_of([&] { write_safetensors("/dev/full/file", sample()); }),
              HasSubstr("cannot write /dev/full/file"));
  expect_equal(read_safetensors(folder / "file"), sample());
}

}  // namespace
}  // namespace unmix::test
