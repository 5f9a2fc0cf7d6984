// Ctrl-C as a request: long work asks, saves its state and throws Interrupted (exit 130).
#pragma once

#include "base/error.h"

namespace unmix {

class Interrupted : public Error {
 public:
  using Error::Error;
};

// From now on SIGINT and SIGTERM only set a flag; a second one ends the program at once.
void catch_interrupts();

bool interrupt_requested();

// Throws Interrupted where one was requested: for work that leaves nothing half done.
void stop_if_interrupted();

}  // namespace unmix
