// Signals kept away from threads that multiply. oneDNN's JIT kernels (its sgemm, and its primitives where they are made
// of it) point the stack pointer into a buffer on the heap; the kernel of the system pushes a signal's frame below it,
// over whatever lies there. A program may have handlers of its own, so the library blocks them itself.
#pragma once

#include <csignal>

namespace unmix {

// All signals but those that an instruction raises in its own thread (SIGSEGV and the like).
sigset_t asynchronous_signals();

// While it lives the calling thread takes no signal; those that come wait for its end or go to another thread. OpenMP's
// workers of this thread take none from the first scope on, for life: workers made inside a scope inherit its mask.
// Hence a scope stands around products, and around every parallel region of tensor/ and layers/, which may make workers
// too.
class SignalsBlocked {
 public:
  explicit SignalsBlocked(bool active = true);
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  bool outermost_;  // the scopes within it have nothing to do
  sigset_t before_;
};

}  // namespace unmix
