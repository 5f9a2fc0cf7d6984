#include "base/file.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "audio/reader.h"
#include "base/check_call.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

auto count_files(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

// A limit on the size of files makes write() fail as a full disk does.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(File, WrittenBytesAreReadBack) {
  const TemporaryFolder folder;
  const std::string bytes("a\0b\n\xff", 5);
  write_file(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  write_file(folder / "file", "");
  EXPECT_EQ(read_file(folder / "file"), "");
  EXPECT_EQ(count_files(folder.path()), 1);
}

TEST(File, FilesWithoutASizeAreReadWhole) { EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Pid:")); }

TEST(File, AFailedWriteKeepsTheOldFileAndNoTemporary) {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  const auto half_written = [](const fs::path& temporary) {
    std::ofstream(temporary) << "half";
    fail("test", "stopped");
  };
  EXPECT_EQ(error_of([&] { write_atomically(folder / "file", half_written); }), "[test] stopped");
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_EQ(count_files(folder.path()), 1);
}

TEST(File, AFullDiskIsSaidAndNothingIsLost) {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  const std::string large(100000, 'x');
  std::string message;
  {
    const FullDisk limit(65536);
    message = error_of([&] { write_file(folder / "file", large); });
  }
  EXPECT_THAT(message, HasSubstr("cannot write " + (folder / "file").string() + ": File too large"));
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_EQ(count_files(folder.path()), 1);
  write_file(folder / "file", large);
  EXPECT_EQ(read_file(folder / "file"), large);
}

TEST(File, AudioOnAFullDiskLeavesNoFile) {
  const TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.flac"}) {
    std::string message;
    {
      const FullDisk limit(65536);
      message = error_of([&] { write_audio(folder / name, test::noise(44100, 2, 100000)); });
    }
    EXPECT_THAT(message, HasSubstr("cannot write " + (folder / name).string())) << name;
    EXPECT_EQ(count_files(folder.path()), 0) << name;
  }
}

// As errno has it after the call, whatever it was before.
TEST(File, ReasonsAreThoseOfTheCall) {
  errno = ENOENT;
  EXPECT_EQ(error_of([] { check_call(::close(-1) == 0, "test", "cannot close {}", "it"); }),
            "[test] cannot close it: Bad file descriptor");
  EXPECT_NO_THROW(check_call(true, "test", "fine"));
}

TEST(File, AStreamOnAFullDiskSaysSo) {
  const Audio noise = test::noise(44100, 2, 100000);
  const auto reader = open_memory(noise, "noise");
  std::string message;
  {
    const FullDisk limit(65536);
    errno = ENOENT;
    message = error_of([&] { AudioSpool{*reader}; });
  }
  EXPECT_THAT(message, HasSubstr("cannot write a temporary file in "));
  EXPECT_THAT(message, HasSubstr(": File too large"));
}

TEST(File, NamesMayBeAsLongAsTheSystemHasThem) {
  const TemporaryFolder folder;
  write_file(folder / std::string(255, 'n'), "x");
  EXPECT_EQ(read_file(folder / std::string(255, 'n')), "x");
  EXPECT_THAT(error_of([&] { write_file(folder / std::string(256, 'n'), "x"); }), HasSubstr("File name too long"));
  EXPECT_THAT(error_of([&] { check_input_file("test", folder / std::string(256, 'n')); }),
              HasSubstr("n: File name too long"));
}

TEST(File, ImpossiblePlacesAreNamed) {
  const TemporaryFolder folder;
  write_file(folder / "file", "x");
  fs::create_directory(folder / "sub");
  EXPECT_THAT(error_of([&] { write_file(folder / "none/file", "x"); }), HasSubstr("is not an existing folder"));
  EXPECT_THAT(error_of([&] { write_file(folder / "file/file", "x"); }), HasSubstr("is not an existing folder"));
  EXPECT_THAT(error_of([&] { write_file(folder / "sub", "x"); }), HasSubstr("it is a folder"));
  EXPECT_THAT(error_of([&] { read_file(folder / "none"); }), HasSubstr("No such file"));
  EXPECT_THAT(error_of([&] { read_file(folder / "sub"); }), HasSubstr("s a directory"));
  EXPECT_THAT(error_of([] { write_file("/sys/unmix-test", "x"); }), HasSubstr("cannot write /sys/unmix-test: "));
}

}  // namespace
}  // namespace unmix
