#include "base/signals.h"

#include <omp.h>

#include <initializer_list>

namespace unmix {
namespace {

thread_local bool is_blocked = false;
thread_local int blocked_team = 1;  // of this thread's team, how many take no signals

void block(sigset_t* before) {
  static const sigset_t signals = asynchronous_signals();
  pthread_sigmask(SIG_BLOCK, &signals, before);
}

}  // namespace

sigset_t asynchronous_signals() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&signals, own);
  return signals;
}

SignalsBlocked::SignalsBlocked(bool active) : outermost_(active && !is_blocked) {
  if (!outermost_) return;
  is_blocked = true;
  block(&before_);
  const int team = omp_get_max_threads();
  if (team <= blocked_team || omp_in_parallel() != 0) return;
  blocked_team = team;
  // Workers that were there before.
#pragma omp parallel
  if (omp_get_thread_num() > 0) block(nullptr);
}

SignalsBlocked::~SignalsBlocked() {
  if (!outermost_) return;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  is_blocked = false;
}

}  // namespace unmix
