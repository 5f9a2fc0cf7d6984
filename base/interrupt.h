// Ctrl-C as a request: long work asks, saves its state and throws Interrupted (exit 130).
#pragma once

#include "base/error.h"

namespace unmix {

class Interrupted : public Error {
 public:
  using Error::Error;
};

// For a program's main, before anything makes a thread: from now on one thread takes all signals and every other one
// blocks them (signals.h says why). SIGINT and SIGTERM end the program with exit code 130, until catch_interrupts.
void watch_signals();

// From now on the first SIGINT or SIGTERM only sets a flag; a second one ends the program at once.
void catch_interrupts();

bool interrupt_requested();

// Throws Interrupted where one was requested: for work that leaves nothing half done.
void stop_if_interrupted();

}  // namespace unmix
