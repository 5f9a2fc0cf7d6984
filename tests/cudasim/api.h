// What the stand-ins of the vendor's libraries and the tests ask of the simulated device. Plain C++: needs no more of
// the toolkit than the types of its runtime.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cudasim {

// A misuse of the device. At an API call it reaches the caller; inside work of a stream it is printed, and becomes the
// error that every later call returns.
struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};
[[noreturn]] void fail(const std::string& message);

// ---- For the libraries --------------------------------------------------------------------------------------------

// Puts work at the end of a stream's queue. It runs at a later synchronisation, on the thread that synchronises, after
// what the stream holds before it; between streams the order is drawn from the seed. While it runs the device's memory
// can be read and written. `name` ("cublasGemmStridedBatchedEx_64") is what reports call it; it may throw (fail()).
// The work must own copies of all host values it needs, and must not call the runtime.
void enqueue(cudaStream_t stream, const char* name, std::function<void()> work);

// Whether the range lies wholly inside one allocation of the current device that is not freed. To be asked at the API
// call.
bool is_device_pointer(const void* pointer, size_t bytes);

// Inside work: what it is about to read, and to write, by contiguous ranges (call it row by row for a strided matrix).
// Throw where the range is not inside one allocation that is alive in stream order, and in the instrumented build where
// bytes are read that were never written. Everything a stand-in touches is stated: its own accesses are not watched.
void will_read(const void* pointer, size_t bytes);
void will_write(void* pointer, size_t bytes);

// Makes the device's memory accessible to the caller for a scope. Work needs none; for code outside of it.
class Unprotect {
 public:
  Unprotect();
  ~Unprotect();
  Unprotect(const Unprotect&) = delete;
  Unprotect& operator=(const Unprotect&) = delete;
};

// What a library call costs a GPU at least, by formula: operations, bytes of memory that move, kernels that run.
struct Cost {
  double flops = 0, bytes = 0;
  uint64_t launches = 1;
};
void count_library(const char* name, const Cost& cost);  // at the API call

// A call that makes the host wait for the device, or the device for the host, though it is no synchronisation by name.
void count_hidden_synchronisation();

// ---- For tests and reports ----------------------------------------------------------------------------------------

struct Settings {
  uint64_t seed = 1;                      // of every order; UNMIX_SIM_SEED
  size_t memory_bytes = size_t{8} << 30;  // of the device; UNMIX_SIM_MEMORY_MIB
  int devices = 1;                        // UNMIX_SIM_DEVICES; they share that memory's size
  double kernel_seconds = 120;            // after which a kernel is stopped; UNMIX_SIM_KERNEL_SECONDS
  int compute_capability = 8;             // its major number
  bool runs_persistently = true;          // cuDNN's LSTM, where it has kernels for the hidden size
};
Settings settings();
void configure(const Settings& settings);  // for what is submitted from now on

// Runs all queued work of all streams.
void finish();

// The report of the first misuse inside work, empty if none; forget() also clears the error that sticks.
std::string report();
void forget();

// Allocations of the device, and of page-locked memory, that are alive after all queued work: one line each.
std::vector<std::string> live_allocations();

struct Counters {
  std::string name = {};                  // of the kernel, library call, copy or fill
  std::string file = {};                  // of a kernel in a library of the project: "batch_norm.cpp"
  uint64_t calls = 0, launches = 0;       // launches: kernels, copies and fills that a GPU runs for them at least
  double flops = 0;                       // of library calls: by formula
  double bytes = 0;                       // that move between memory and caches, each once in a launch: of library
                                          // calls by formula, of kernels only in the instrumented build
  uint64_t bytes_asked = 0, sectors = 0;  // of kernels, instrumented build: bytes of accesses; 32-byte sectors
  uint64_t bank_conflicts = 0;            // of kernels, instrumented build: extra passes over shared memory

  void add(const Counters& other) {  // all but the names
    calls += other.calls;
    launches += other.launches;
    flops += other.flops;
    bytes += other.bytes;
    bytes_asked += other.bytes_asked;
    sectors += other.sectors;
    bank_conflicts += other.bank_conflicts;
  }
};
std::vector<Counters> counters();  // by name and file
void reset_counters();

// Calls of the runtime and the libraries that cost the host more than a launch does, since reset_counters().
struct HostCalls {
  uint64_t synchronisations = 0;
  uint64_t hidden_synchronisations =
      0;  // page-locked memory, handles and plans made or freed; copies of pageable memory
  uint64_t allocations = 0;
};
HostCalls host_calls();
uint64_t device_waits();  // synchronisations with all of the device, its legacy default stream too; not reset

}  // namespace cudasim
