// .pth files as they are, of both formats.
#include "formats/pth.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  fuzz::answer([&] { fuzz::use(parse_pth(fuzz::bytes_of(data, size), "fuzz")); });
  return 0;
}
