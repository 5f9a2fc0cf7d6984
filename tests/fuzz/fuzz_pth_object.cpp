// The pickled object of a .pth, in a good archive with four storages: past the checksums, which few changes pass.
#include "formats/pth.h"
#include "formats/zip_archive.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  const std::string storage(256, '?');
  ZipHeaders headers;
  std::string archive;
  const auto add = [&](const std::string& name, std::string_view bytes) {
    archive += headers.entry(name, bytes.size(), crc32_of(bytes));
    archive += bytes;
  };
  add("a/data.pkl", fuzz::bytes_of(data, size));
  for (const char* key : {"0", "1", "2", "3"}) add(std::string("a/data/") + key, storage);
  archive += headers.directory();
  fuzz::answer([&] { fuzz::use(parse_pth(archive, "fuzz")); });
  return 0;
}
