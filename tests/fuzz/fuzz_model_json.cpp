// separator.json and <target>.json.
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "fuzz.h"

namespace {

// A folder for links to the file of a MemoryFile.
const std::filesystem::path& folder() {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("unmix-fuzz-{}", ::getpid());
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  const fuzz::MemoryFile file(fuzz::bytes_of(data, size));
  for (const char* name : {"separator.json", "vocals.json"}) {
    std::filesystem::remove(folder() / name);
    std::filesystem::create_symlink(file.path(), folder() / name);
  }
  const TargetFile vocals{"vocals", folder() / "vocals.pth"};
  fuzz::answer([&] { read_separator_json(folder()); });
  fuzz::answer([&] { check_description({}, vocals); });
  fuzz::answer([&] { find_settings(folder() / "none", {vocals}, 44100); });
  fuzz::answer([&] {
    const nlohmann::ordered_json object = read_json_object("fuzz", file.path());
    for (const auto& [key, value] : object.items()) brief(value);
    object.dump(4);
  });
  return 0;
}
