// Compiled for the first x86-64 and run before other constructors, so it includes and calls nothing compiled otherwise.
#include "base/cpu_check.h"

#include <string.h>
#include <unistd.h>

namespace unmix {

const char* missing_cpu_feature() {
  __builtin_cpu_init();
#define UNMIX_CPU_FEATURE(name) \
  if (!__builtin_cpu_supports(name)) return name;
#include "cpu_features.inc"
#undef UNMIX_CPU_FEATURE
  return nullptr;
}

}  // namespace unmix

namespace {

void print(const char* text) { static_cast<void>(!write(STDERR_FILENO, text, strlen(text))); }

}  // namespace

// 101 is the first priority open to programs; ordinary constructors come after all priorities.
extern "C" __attribute__((constructor(101))) void unmix_check_cpu() {
  const char* missing = unmix::missing_cpu_feature();
  if (missing == nullptr) return;
  print("unmix: this build needs a CPU with " UNMIX_ARCH " instructions, and this one lacks ");
  print(missing);
  print("; rebuild with -DUNMIX_ARCH=x86-64 (any CPU) or -DUNMIX_ARCH=native (this one)\n");
  _exit(1);
}
