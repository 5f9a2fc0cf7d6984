// The signals of tests/golden/bss_eval.safetensors, as scripts/golden_cases/bss_eval.py makes them.
#pragma once

#include <string>
#include <vector>

#include "audio/audio.h"

namespace unmix::test {

struct BssCase {
  std::vector<Audio> references, estimates;
};

// At 8 kHz. special: "", "silent", "mono stem", "mono stems", "silent channel", "near-singular" or "reversed".
BssCase bss_signals(int sources, int channels, int64_t frames, const std::string& special);

}  // namespace unmix::test
