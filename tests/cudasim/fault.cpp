// Faults: what the host or a kernel touches that it may not, and kernels that never end.
#include <fmt/format.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/cudasim/device.h"

namespace cudasim {

thread_local sigjmp_buf* work_left_to = nullptr;

namespace {

const int kTick = SIGRTMIN + 5;
thread_local double kernel_limit = 0;

std::string describe_address(const void* address) {
  if (device_arena().holds(address)) return device_arena().describe(address);
  if (host_arena().holds(address)) return host_arena().describe(address);
  if (shared_offset(address) != SIZE_MAX)
    return fmt::format("outside the {} bytes of shared memory of the block", shared_bytes());
  return fmt::format("{}, which is no memory of the device", address);
}

void restore(int signal) {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  sigaction(signal, &plain, nullptr);
}

// Work may touch the device's memory, and so may a host that has asked to.
bool may_touch(const void* address) {
  return device_arena().holds(address) && (work_left_to != nullptr || unprotected) && device_arena().touch(address);
}

// The kernel gives no address for one that is not aligned or not possible at all.
void on_fault(int signal, siginfo_t* info, void* context) {
  const bool kernel_faults = inside_kernel;
  inside_kernel = false;  // no tick ends the kernel in here
  if (info->si_code != SI_KERNEL && may_touch(info->si_addr)) {
    inside_kernel = kernel_faults;
    return;
  }
  const auto* code = reinterpret_cast<void*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
  const void* address = info->si_addr;
  if (work_left_to != nullptr) {
    if (info->si_code == SI_KERNEL)
      leave_work(cudaErrorMisalignedAddress, fmt::format("{}: an address that is not aligned", source_line(code)));
    leave_work(cudaErrorIllegalAddress, fmt::format("{}: {}", source_line(code), describe_address(address)));
  }
  if (device_arena().holds(address) || host_arena().holds(address))
    fmt::print(stderr, "cudasim: the host touches {}\n  {} at {}\n", describe_address(address), function_name(code),
               source_line(code));
  restore(signal);  // the access is tried again, and ends the program
}

void on_tick(int, siginfo_t*, void*) {
  tick_waits = !inside_kernel;
  if (inside_kernel) stop_if_late();
}

void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;  // left by a jump: not blocked while it is handled
  sigaction(signal, &action, nullptr);
}

[[maybe_unused]] const bool installed = [] {
  install(SIGSEGV, on_fault);
  install(SIGBUS, on_fault);
  install(kTick, on_tick);
  return true;
}();

}  // namespace

void stop_if_late() {
  tick_waits = false;
  const double seconds = kernel_seconds();
  if (seconds < kernel_limit) return;
  inside_kernel = false;
  leave_work(cudaErrorLaunchTimeout, fmt::format("has run for {:.1f} s and does not end", seconds));
}

void leave_work(cudaError_t error, const std::string& report) {
  const std::string place = kernel_place();
  stick(error, fmt::format("{}: {}", place.empty() ? running_work() : place, report));
  siglongjmp(*work_left_to, 1);
}

// The timer counts the thread's CPU time, so that a busy machine stops no kernel.
Running::Running() {
  device_arena().open();
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kTick;
  event._sigev_un._tid = gettid();
  timer_t timer{};
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0) return;
  kernel_limit = settings().kernel_seconds;
  const double seconds = kernel_limit / 8;
  const time_t whole = static_cast<time_t>(seconds);
  const timespec interval{whole, static_cast<long>(1e9 * (seconds - static_cast<double>(whole)))};
  const itimerspec ticks{interval, interval};
  timer_settime(timer, 0, &ticks, nullptr);
  timer_ = timer;
}

Running::~Running() {
  if (timer_ != nullptr) timer_delete(timer_);
  device_arena().close();
}

}  // namespace cudasim
