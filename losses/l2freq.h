#pragma once

#include "losses/registry.h"

namespace unmix {

Var l2freq(Signals& signals, Variant variant);

}  // namespace unmix
