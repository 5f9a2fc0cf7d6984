#include "base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <thread>

#include "base/signals.h"

namespace unmix {
namespace {

constexpr int kInterrupted = 130;

std::atomic<bool> catching = false, requested = false;

sigset_t interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// As nohup or a shell's background job starts a program. Linux keeps a blocked signal even where it is ignored.
bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void end_at_once(int signal, const sigset_t& signals) {
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::raise(signal);
}

// The one thread that takes signals: these two by waiting for them, all others as the program started with them. What
// the parent had blocked stays so.
[[noreturn]] void take_signals(sigset_t others) {
  sigset_t signals = interrupts();
  for (const int signal : {SIGINT, SIGTERM}) {
    if (sigismember(&others, signal) != 0) sigdelset(&signals, signal);
    sigaddset(&others, signal);
  }
  pthread_sigmask(SIG_SETMASK, &others, nullptr);
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (!catching && is_ignored(signal)) continue;
    if (requested) end_at_once(signal, signals);
    if (!catching) {
      static_cast<void>(!::write(STDERR_FILENO, "interrupted\n", 12));
      ::_exit(kInterrupted);
    }
    requested = true;
  }
}

// The mask that the program started with, which its children get back.
sigset_t first_mask;

void restore_mask() { pthread_sigmask(SIG_SETMASK, &first_mask, nullptr); }

}  // namespace

void watch_signals() {
  sigset_t signals = asynchronous_signals();
  sigdelset(&signals, SIGPIPE);  // of the thread that writes to a closed pipe, and ends the program
  pthread_sigmask(SIG_BLOCK, &signals, &first_mask);
  pthread_atfork(nullptr, nullptr, restore_mask);
  std::thread(take_signals, first_mask).detach();
}

void catch_interrupts() { catching = true; }

bool interrupt_requested() { return requested; }

void stop_if_interrupted() {
  if (interrupt_requested()) throw Interrupted("interrupted; nothing more is written");
}

}  // namespace unmix
