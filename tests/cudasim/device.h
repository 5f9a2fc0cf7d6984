// What the files of the simulator share: its lock, its errors, its queues.
#pragma once

#include <cuda_runtime_api.h>

#include <csetjmp>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "tests/cudasim/api.h"
#include "tests/cudasim/arena.h"
#include "tests/cudasim/sim.h"

namespace cudasim {

// Held by every call of the API, and while queued work runs.
std::recursive_mutex& device_lock();
using Lock = std::lock_guard<std::recursive_mutex>;

// ---- Errors (device.cpp) ------------------------------------------------------------------------------------------

// Makes it the thread's last error, unless it is a success, and returns it.
cudaError_t remember(cudaError_t error);

// The error that sticks; cudaSuccess if there is none.
cudaError_t sticky_error();

// Prints a misuse inside work and makes its error stick.
void stick(cudaError_t error, const std::string& report);

// ---- Work (queue.cpp) ---------------------------------------------------------------------------------------------

// A place in a stream that events name.
struct Marker {
  cudaStream_t stream;
  bool done = false;
};

struct Work {
  const char* name;
  std::function<void()> run;
  std::shared_ptr<Marker> waits_for{}, marks{};
  bool bookkeeping = false;  // is done even when an error sticks
};

// Returns cudaErrorInvalidResourceHandle for what is no stream of the device.
cudaError_t queue_work(cudaStream_t stream, Work work);

// Runs what must have run before `stream` is done, and by chance more.
void finish_stream(cudaStream_t stream);

// What the running work is called; null outside of work. Its device; -1 outside of work.
const char* running_work();
int running_device();

int device_of(cudaStream_t stream);

// The next word of the seeded choices.
uint64_t draw();

// ---- Faults inside work (fault.cpp) -------------------------------------------------------------------------------

// Where the running work is left to when it faults; null outside of work.
extern thread_local sigjmp_buf* work_left_to;

// Ends the running work: prints "cudasim: report", with the kernel, block and thread if one runs.
[[noreturn]] void leave_work(cudaError_t error, const std::string& report);

// The timer's tick ends a kernel that has run for too long. One that meets the checks of an access waits for their end.
inline thread_local constinit volatile bool tick_waits = false;
void stop_if_late();

// Whether the host may touch the device's memory on this thread: class Unprotect.
inline thread_local bool unprotected = false;

// While work runs on this thread: device memory is open, faults and kernels that never end are reported.
class Running {
 public:
  Running();
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  void* timer_ = nullptr;
};

// ---- Kernels (kernel.cpp) -----------------------------------------------------------------------------------------

void run_kernel(const Launch& launch);

std::string kernel_place();  // "kernel fill, block 3, thread 17"; empty outside of kernels
inline thread_local constinit bool inside_kernel = false;  // whether one of its threads is running
void abandon_kernel();                                     // after a fault inside it
double kernel_seconds();                                   // CPU time since its start
const Launch* running_launch();                            // null outside of kernels

// ---- Their memory (kernel_memory.cpp) -----------------------------------------------------------------------------

constexpr unsigned kMaxThreads = 1024;                            // of a block
constexpr size_t kMaxShared = 48 << 10, kStackBytes = 128 << 10;  // of a block; of a thread
std::byte* stack_end(unsigned fiber);
std::byte* shared_memory_end();                                // a block's shared memory ends there
bool is_local(const void* address, size_t bytes, bool write);  // the thread's own memory, or its arguments
size_t shared_offset(const void* address);                     // from the largest block's; SIZE_MAX outside
size_t shared_bytes();                                         // of the running block

// ---- Names and counters (report.cpp) ------------------------------------------------------------------------------

std::string function_name(const void* code);    // as in the source, without arguments
std::string source_line(const void* code);      // "tensor/stft_cuda.cpp:41"
Counters& kernel_counters(const void* kernel);  // its name is filled in by counters()
void count_copy(const char* name, double bytes);
HostCalls& counted_host_calls();

}  // namespace cudasim
