// Checkpoints: the progress that a resume reads, as JSON in the metadata of a .safetensors.
#include "fuzz.h"
#include "training/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  const fuzz::MemoryFile file(fuzz::bytes_of(data, size));
  fuzz::answer([&] { read_checkpoint(file.path()); });
  return 0;
}
