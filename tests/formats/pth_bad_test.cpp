// .pth files by hand: what hostile and damaged ones say, and that none costs more than its bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "formats/pth.h"
#include "formats/zip_archive.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string error_of_bytes(const std::string& bytes) {
  const std::string message = error_of([&] { parse_pth(bytes, "a.pth"); });
  EXPECT_THAT(message, StartsWith("[pth] a.pth: "));
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(message.size(), 400u);
  return message;
}

// ---- pickles by hand ------------------------------------------------------------------------------------------------

std::string text(const std::string& value) {
  const auto length = static_cast<uint32_t>(value.size());
  return "X" + std::string(reinterpret_cast<const char*>(&length), 4) + value;
}

std::string number(int64_t value) { return "\x8a\x08" + std::string(reinterpret_cast<const char*>(&value), 8); }

std::string tuple(const std::vector<int64_t>& values) {
  std::string items;
  for (const int64_t value : values) items += number(value);
  return "(" + items + "t";
}

std::string tensor(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides, int64_t offset = 0,
                   int64_t count = 4, const std::string& key = "0", const std::string& type = "FloatStorage") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" + text(key) +
         text("cpu") + number(count) + "tQ" + number(offset) + tuple(shape) + tuple(strides) + "\x89}tR";
}

std::string pickle(const std::string& operations) { return "\x80\x02" + operations + "."; }
std::string dict_of(const std::string& items) { return "}(" + items + "u"; }

// An archive of this object and of four float32 values, 1 to 4, as data/0.
std::string archive_of(const std::string& object, const std::string& storage = {}) {
  const float values[] = {1, 2, 3, 4};
  const std::string four(reinterpret_cast<const char*>(values), sizeof values);
  ZipHeaders headers;
  std::string bytes;
  for (const auto& [name, data] : {std::pair<std::string, std::string>{"a/data.pkl", pickle(object)},
                                   {"a/data/0", storage.empty() ? four : storage}})
    bytes += headers.entry(name, data.size(), crc32_of(data)) + data;
  return bytes + headers.directory();
}

std::string error_of_object(const std::string& object) { return error_of_bytes(archive_of(object)); }

TEST(PthByHand, AHandMadeFileIsRead) {
  const TensorFile file = parse_pth(archive_of(dict_of(text("w") + tensor({2, 2}, {1, 2}))), "a.pth");
  EXPECT_TRUE(same_bits(file.tensors.at(0).second.to_vector(), {1, 3, 2, 4}));
  const std::string others = text("epoch") + "K\x05" + "K\x05" + "N";
  const TensorFile other = parse_pth(archive_of(dict_of(text("w") + tensor({2}, {1}, 2) + others)), "a.pth");
  ASSERT_EQ(other.tensors.size(), 1u);
  EXPECT_TRUE(same_bits(other.tensors[0].second.to_vector(), {3, 4}));
  // An axis of one value may have any stride.
  EXPECT_NO_THROW(parse_pth(archive_of(dict_of(text("w") + tensor({1, 4, 1}, {INT64_MAX, 1, INT64_MAX}))), "a.pth"));
}

TEST(PthByHand, TensorsOutsideOfTheirStorageAreRefused) {
  const auto refused = [](const std::string& made) { return error_of_object(dict_of(text("w") + made)); };
  constexpr int64_t big = int64_t{1} << 62;
  for (const std::string& made :
       {tensor({5}, {1}), tensor({4}, {1}, 1), tensor({2, 2}, {3, 1}), tensor({4}, {big}), tensor({2}, {INT64_MAX}, 1),
        tensor({1}, {1}, big), tensor({big, big}, {1, 1}), tensor({3}, {1}, 0, 4, "0", "DoubleStorage")})
    EXPECT_THAT(refused(made), AnyOf(HasSubstr("does not fit its storage of 16 bytes"), HasSubstr("are missing")));
  EXPECT_THAT(refused(tensor({big}, {0})), HasSubstr("tensors that repeat their values are not read"));
  EXPECT_THAT(refused(tensor({1000, 1000}, {0, 0})), HasSubstr("tensors that repeat their values are not read"));
  EXPECT_THAT(refused(tensor({0, big, big}, {1, 1, 1}) + text("v") + tensor({9}, {1})), HasSubstr("tensor 'v'"));
  EXPECT_THAT(refused(tensor({4}, {1}, 0, 5)), HasSubstr("the values of tensor 'w' are missing"));
  EXPECT_THAT(refused(tensor({4}, {1}, 0, 4, "1")), HasSubstr("the values of tensor 'w' are missing"));
  const std::vector<int64_t> ones(17, 1);
  for (const std::string& made : {tensor({-1}, {1}), tensor({4}, {-1}), tensor({4}, {1}, -1), tensor({4}, {1}, 0, -4),
                                  tensor({2, 2}, {1}), tensor(ones, ones)})
    EXPECT_THAT(refused(made), HasSubstr("tensor 'w' is not put together as PyTorch does"));
}

// Many tensors of one storage take no more memory than the file can justify.
TEST(PthByHand, ManyViewsOfOneStorageAreRefused) {
  std::string items;
  for (int i = 0; i < 40; ++i) items += text(std::to_string(i)) + tensor({1000}, {1}, 0, 1000);
  EXPECT_THAT(error_of_bytes(archive_of(dict_of(items), std::string(4000, '\0'))),
              HasSubstr("its tensors have more values than the file has bytes"));
}

TEST(PthByHand, OtherObjectsAreSaid) {
  EXPECT_THAT(error_of_object("](" + tensor({4}, {1}) + "e"), HasSubstr("it holds a list or tuple, not a state dict"));
  EXPECT_THAT(error_of_object(tensor({4}, {1})), HasSubstr("it holds one tensor"));
  EXPECT_THAT(error_of_object("K\x01"), HasSubstr("it holds a single value"));
  EXPECT_THAT(
      error_of_object(dict_of(text("model") + dict_of(text("w") + tensor({4}, {1})) + text("epoch") + "K\x01")),
      HasSubstr("its dict has no tensors but model, epoch; a state dict is expected, by itself or under the key "
                "'state_dict'"));
  EXPECT_THAT(error_of_object(dict_of(text("w") + tensor({4}, {1}) + text("w") + tensor({4}, {1}))),
              HasSubstr("it has two tensors 'w'"));
}

struct BadPickle {
  std::string operations, message;
};

TEST(PthByHand, PicklesThatAreNotOfTensorsAreRefused) {
  const std::string many(1 << 21, ']');
  for (const BadPickle& bad : std::vector<BadPickle>{
           {"cos\nsystem\n(Vtrue\ntR", "os.system is not a tensor: refused"},
           {"c" + std::string(100'000, 'm') + "\nn\n", "mmm... is not a tensor: refused"},
           {"cev\x01il\x1b[31m\nn\n", "ev?il?[31m.n is not a tensor"},
           {"(ios\nsystem\n", "os.system is not a tensor"},
           {text("os") + text("system") + "\x93", "os.system is not a tensor"},
           {"ctorch._utils\n_rebuild_parameter\n(ios\n_rebuild\n", "os._rebuild is not a tensor"},
           {"ctorch.nn.modules.linear\nLinear\n)\x81", "torch.nn.modules.linear.Linear is not a tensor"},
           {"ccollections\nOrderedDict\n)\x81", "operation 0x81, which no tensor needs: refused"},
           {"ctorch\nFloatStorage\n}b", "sets attributes of what is not a dict"},
           {"K\x01K\x02R", "calls what is not a function"},
           {"ccollections\nOrderedDict\nK\x01\x85R", "makes an OrderedDict of something"},
           {"K\x01(", "takes more than it has"},
           {"a", "takes more than it has"},
           {"K\x01(K\x01s", "takes more than it has"},
           {"u", "takes more than it has"},
           {"K\x01(K\x01K\x02u", "adds items to what does not hold them"},
           {"}(K\x01u", "has a key without a value"},
           {"h\x01", "asks for an entry that its memo lacks"},
           {"K\x01r\xff\xff\xff\xff", "skips an entry of its memo"},
           {"X\xff\xff\xff\xff", "it is truncated or corrupt"},
           {"\x8a\x09"
            "123456789",
            "a whole number of 9 bytes"},
           {"\x80\x09", "protocol 9; 2 to 5 can be read"},
           {many, "more than 1048576 operations"},
       })
    EXPECT_THAT(error_of_object(bad.operations), HasSubstr(bad.message));
}

// What would cost a reader that follows values its stack, or hours.
TEST(PthByHand, DeepSharedAndCyclicObjectsCostNothing) {
  std::string deep, wide = "]q";
  for (int i = 0; i < 300'000; ++i) deep += "]";
  for (int i = 1; i < 300'000; ++i) deep += "a";
  EXPECT_THAT(error_of_object(deep), HasSubstr("a list or tuple"));
  wide += '\0';
  for (char i = 0; i < 100; ++i) {
    const std::string before(1, i), after(1, static_cast<char>(i + 1));
    wide += "(h" + before + "h" + before + "tq" + after;
  }
  EXPECT_THAT(error_of_object(wide), HasSubstr("a list or tuple"));
  const std::string zero(1, '\0');
  const std::string itself = "}q" + zero + text("self") + "h" + zero + "s";
  EXPECT_NO_THROW(parse_pth(archive_of(itself + text("w") + tensor({4}, {1}) + "s"), "a.pth"));
  EXPECT_THAT(error_of_object("}q" + zero + text("state_dict") + "h" + zero + "s"),
              HasSubstr("no tensors but state_dict"));
}

// ---- archives and streams by hand -----------------------------------------------------------------------------------

template <class T>
void put(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string good_archive() { return archive_of(dict_of(text("w") + tensor({4}, {1}))); }
size_t directory_of(const std::string& bytes) { return bytes.find("PK\x01\x02"); }

// The same archive with a zip64 directory: as writers do it for more than 4 GiB, and PyTorch always beside the other.
std::string as_zip64(const std::string& bytes) {
  const size_t directory = directory_of(bytes), end = bytes.rfind("PK\x05\x06");
  std::string entries;
  uint64_t count = 0;
  for (size_t at = directory; at < end; ++count) {
    std::string entry = bytes.substr(at, 46 + static_cast<unsigned char>(bytes[at + 28]));
    at += entry.size();
    uint32_t size = 0, header = 0;
    std::memcpy(&size, entry.data() + 24, 4), std::memcpy(&header, entry.data() + 42, 4);
    for (const size_t field : {20, 24, 42}) put<uint32_t>(entry, field, 0xffffffff);
    put<uint16_t>(entry, 30, 4 + 24);
    entries += entry + bytes_of<uint16_t>(1) + bytes_of<uint16_t>(24) + bytes_of<uint64_t>(size) +
               bytes_of<uint64_t>(size) + bytes_of<uint64_t>(header);
  }
  const std::string record = "PK\x06\x06" + bytes_of<uint64_t>(44) + std::string(12, '\0') + bytes_of(count) +
                             bytes_of(count) + bytes_of<uint64_t>(entries.size()) + bytes_of<uint64_t>(directory);
  const std::string locator =
      "PK\x06\x07" + bytes_of<uint32_t>(0) + bytes_of<uint64_t>(directory + entries.size()) + bytes_of<uint32_t>(1);
  return bytes.substr(0, directory) + entries + record + locator + "PK\x05\x06" + std::string(4, '\0') +
         std::string(12, '\xff') + std::string(2, '\0');
}

bool same_weight(const std::string& bytes, const std::vector<float>& expected) {
  return same_bits(parse_pth(bytes, "a.pth").tensors.at(0).second.to_vector(), expected);
}

TEST(PthByHand, Zip64DirectoriesAreRead) {
  const std::vector<float> expected = {1, 2, 3, 4};
  const std::string large = as_zip64(good_archive());
  EXPECT_TRUE(same_weight(large, expected));
  for (size_t size = 0; size < large.size(); ++size) EXPECT_THROW(parse_pth(large.substr(0, size), "cut"), Error);
  std::string commented = good_archive();
  commented += "a comment";
  put<uint16_t>(commented, commented.size() - 11, 9);
  EXPECT_TRUE(same_weight(commented, expected));
}

TEST(PthByHand, DamagedArchivesAreSaid) {
  const std::string good = good_archive();
  const size_t directory = directory_of(good), end = good.size() - 22;
  const auto with = [&](size_t at, auto value) {
    std::string bytes = good;
    put(bytes, at, value);
    return error_of_bytes(bytes);
  };
  EXPECT_THAT(with(directory + 10, uint16_t{8}), HasSubstr("its entry 'a/data.pkl' is compressed or encrypted"));
  EXPECT_THAT(with(directory + 8, uint16_t{1}), HasSubstr("compressed or encrypted"));
  EXPECT_THAT(with(directory + 20, uint32_t{7}), HasSubstr("an entry of two sizes"));
  EXPECT_THAT(with(directory + 42, uint32_t{1}), HasSubstr("its zip directory points nowhere"));
  EXPECT_THAT(with(directory + 47, 'x'), HasSubstr("no data.pkl"));
  EXPECT_THAT(with(end + 10, uint16_t{60000}), HasSubstr("its zip directory of 60000 entries does not fit the file"));
  EXPECT_THAT(with(end + 16, uint32_t{0x7fffffff}), HasSubstr("does not fit the file"));
  EXPECT_THAT(with(end, uint32_t{0}), HasSubstr("its zip directory is missing"));
  EXPECT_THAT(with(good.find("}(") + 1, ')'), HasSubstr("the checksum of its entry 'a/data.pkl' is wrong"));
  EXPECT_THAT(with(30, 'b'), HasSubstr("names other entries than it has"));
  std::string huge = as_zip64(good);
  put(huge, huge.find("PK\x06\x06") + 32, ~uint64_t{0} / 46);
  EXPECT_THAT(error_of_bytes(huge), HasSubstr("entries does not fit the file"));
}

const std::string kMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);

std::string stream_of(const std::string& object, uint64_t count, const std::string& keys = "](" + text("0") + "e") {
  return kMagic + pickle("M\xe9\x03") + pickle("}") + pickle(object) + pickle(keys) + bytes_of(count);
}

TEST(PthByHand, DamagedStreamsAreSaid) {
  const std::string object = dict_of(text("w") + tensor({2}, {1}, 0, 2)), values(8, '\0');
  EXPECT_EQ(parse_pth(stream_of(object, 2) + values, "a.pth").tensors.size(), 1u);
  EXPECT_THAT(error_of_bytes(stream_of(object, 3) + values), HasSubstr("3 values where its tensors want 2"));
  EXPECT_THAT(error_of_bytes(stream_of(object, 2)), HasSubstr("truncated"));
  EXPECT_THAT(error_of_bytes(stream_of(object, 2, "]") + values), HasSubstr("the values of tensor 'w' are missing"));
  EXPECT_THAT(error_of_bytes(stream_of(object, 2, "](" + text("7") + "e")), HasSubstr("values of no tensor"));
  EXPECT_THAT(error_of_bytes(stream_of(object, 2, "}")), HasSubstr("its list of storages is corrupt"));
  EXPECT_THAT(error_of_bytes(stream_of(dict_of(text("w") + tensor({2}, {1}, 0, INT64_MAX)), INT64_MAX)),
              HasSubstr("values"));
  EXPECT_THAT(error_of_bytes(kMagic + pickle("K\x05")), HasSubstr("other than 1001"));
  EXPECT_THAT(error_of_bytes(pickle("}")), HasSubstr("it is a pickle, but not of torch.save"));
  EXPECT_THAT(error_of_bytes(pickle("cposix\nsystem\n" + text("true") + "\x85R")), HasSubstr("posix.system is not"));
}

}  // namespace
}  // namespace unmix::test
