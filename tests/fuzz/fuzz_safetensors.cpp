// .safetensors files.
#include "formats/safetensors.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  const fuzz::MemoryFile file(fuzz::bytes_of(data, size));
  fuzz::answer([&] { fuzz::use(read_safetensors(file.path())); });
  return 0;
}
