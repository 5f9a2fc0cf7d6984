// .pth files as they are, of both formats.
#include "fuzz.h"
#include "formats/pth.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  fuzz::answer([&] { fuzz::use(parse_pth(fuzz::bytes_of(data, size), "fuzz")); });
  return 0;
}
