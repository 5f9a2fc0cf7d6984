// A build for a newer CPU than the machine's ends with one clear line instead of an illegal instruction.
#pragma once

namespace unmix {

// The first CPU feature ("avx2") that this build uses and this machine lacks; nullptr when it has them all.
// Checked before main by every program that links the library: exit code 1 and a line on standard error.
const char* missing_cpu_feature();

}  // namespace unmix
