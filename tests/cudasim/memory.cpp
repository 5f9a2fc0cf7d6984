// Memory of the device, page-locked memory, and copies between them and the host's own.
#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "tests/cudasim/device.h"
#include "tests/cudasim/shadow.h"

namespace cudasim {
namespace {

constexpr size_t kGranule = 512;  // in which the device's pool counts
size_t counted = 0;               // bytes of the device's memory that are given out

size_t granules(const Allocation& allocation) { return (allocation.bytes + kGranule - 1) / kGranule * kGranule; }

// The allocation that a pointer given to a call is the start of.
Allocation& owned(const char* call, Arena& arena, void* pointer) {
  Allocation* found = arena.find(pointer, 1);
  if (found == nullptr || found->data != pointer)
    fail(fmt::format("{}: {} is not the start of an allocation ({})", call, pointer,
                     arena.holds(pointer) ? arena.describe(pointer) : "the host's own memory"));
  if (found->freed) fail(fmt::format("{}: {} is freed twice ({})", call, pointer, arena.describe(pointer)));
  return *found;
}

// Called inside work. What it touches must be alive by now in the order of the streams.
void need_alive(const char* action, const void* pointer, size_t bytes) {
  const Allocation* found = device_arena().find(pointer, bytes);
  if (found != nullptr && found->state == Allocation::alive) return;
  fail(fmt::format("{} of {} bytes: {}", action, bytes, device_arena().describe(pointer)));
}

void need_written(const char* action, const void* pointer, size_t bytes) {
  const size_t offset = shadow_unwritten(pointer, bytes);
  if (offset == bytes) return;
  const auto* at = static_cast<const std::byte*>(pointer) + offset;
  fail(fmt::format("{} of {} bytes takes what was never written: {}", action, bytes, device_arena().describe(at)));
}

// One end of a copy on the host, as it was at the call.
struct HostEnd {
  Allocation* pinned;
  explicit HostEnd(const void* pointer, size_t bytes) : pinned(host_arena().find(pointer, bytes)) {
    if (pinned != nullptr && pinned->freed) pinned = nullptr;
    if (pinned == nullptr && host_arena().holds(pointer))
      fail(fmt::format("cudaMemcpyAsync: {}", host_arena().describe(pointer)));
    if (device_arena().holds(pointer))
      fail(fmt::format("cudaMemcpyAsync: the host's end of the copy is {}", device_arena().describe(pointer)));
    if (pinned == nullptr) count_hidden_synchronisation();
  }
};

cudaError_t upload(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  const HostEnd source(from, bytes);
  if (source.pinned == nullptr) {
    const auto* begin = static_cast<const std::byte*>(from);
    return queue_work(stream, {"cudaMemcpyAsync", [to, taken = std::vector<std::byte>(begin, begin + bytes)] {
                                 will_write(to, taken.size());
                                 std::memcpy(to, taken.data(), taken.size());
                               }});
  }
  const auto copy = [=] {
    --source.pinned->pending;
    if (sticky_error() != cudaSuccess) return;
    will_write(to, bytes);
    std::memcpy(to, from, bytes);
  };
  const cudaError_t error = queue_work(stream, {.name = "cudaMemcpyAsync", .run = copy, .bookkeeping = true});
  if (error == cudaSuccess) ++source.pinned->pending;
  return error;
}

// Until the copy has run its target holds NaNs, for a host that reads too early; unless other copies use it before.
cudaError_t download(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  const HostEnd target(to, bytes);
  const auto copy = [=] {
    if (target.pinned != nullptr) --target.pinned->pending;
    if (sticky_error() != cudaSuccess) return;
    will_read(from, bytes);
    std::memcpy(to, from, bytes);
  };
  const cudaError_t error = queue_work(stream, {.name = "cudaMemcpyAsync", .run = copy, .bookkeeping = true});
  if (error != cudaSuccess) return error;
  if (target.pinned != nullptr) {
    if (target.pinned->pending++ == 0) std::memset(to, 0xff, bytes);
    return cudaSuccess;
  }
  finish_stream(stream);  // to memory that is not page-locked the call returns after the copy
  return sticky_error();
}

cudaError_t copy_on_device(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  return queue_work(stream, {"cudaMemcpyAsync", [=] {
                               need_alive("a read", from, bytes);
                               need_alive("a write", to, bytes);
                               std::memmove(to, from, bytes);
                               shadow_copied(to, from, bytes);
                             }});
}

bool is_allocated(const void* pointer, size_t bytes) {
  const Allocation* found = device_arena().find(pointer, bytes);
  return found != nullptr && !found->freed;
}

}  // namespace

bool is_device_pointer(const void* pointer, size_t bytes) {
  const Lock lock(device_lock());
  int device = 0;
  cudaGetDevice(&device);
  return is_allocated(pointer, bytes) && device_arena().find(pointer, bytes)->device == device;
}

void will_read(const void* pointer, size_t bytes) {
  need_alive("a read", pointer, bytes);
  need_written("a read", pointer, bytes);
}

void will_write(void* pointer, size_t bytes) {
  need_alive("a write", pointer, bytes);
  shadow_written(pointer, bytes);
}

Unprotect::Unprotect() {
  const Lock lock(device_lock());
  unprotected = true;
  device_arena().open();
}

Unprotect::~Unprotect() {
  const Lock lock(device_lock());
  unprotected = false;
  device_arena().close();
}

std::vector<std::string> live_allocations() {
  finish();
  const Lock lock(device_lock());
  std::vector<std::string> lines;
  for (const Arena* arena : {&device_arena(), &host_arena()})
    for (const auto& [pages, allocation] : arena->allocations())
      if (!allocation.freed) lines.push_back(arena->describe(allocation.data));
  return lines;
}

}  // namespace cudasim

using namespace cudasim;

extern "C" {

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}

// How much freed memory a pool keeps makes no difference here.
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void*) {
  if (attribute != cudaMemPoolAttrReleaseThreshold) fail("cudaMemPoolSetAttribute: only the threshold is simulated");
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Lock lock(device_lock());
  *total = settings().memory_bytes;
  *free = *total - std::min(*total, counted);
  return remember(sticky_error());
}

// Where memory is short the queues run first, for what they free.
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  const Lock lock(device_lock());
  *pointer = nullptr;
  if (bytes == 0 || sticky_error() != cudaSuccess) return remember(sticky_error());
  if (counted + bytes > settings().memory_bytes) finish();
  if (bytes > settings().memory_bytes || counted + bytes > settings().memory_bytes)
    return remember(cudaErrorMemoryAllocation);
  ++counted_host_calls().allocations;
  Allocation& made = device_arena().promise(bytes, device_of(stream));
  const cudaError_t error = queue_work(
      stream, {.name = "cudaMallocAsync", .run = [&made] { device_arena().make_alive(made); }, .bookkeeping = true});
  if (error != cudaSuccess) return remember(error);
  counted += granules(made);
  *pointer = made.data;
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  const Lock lock(device_lock());
  if (pointer == nullptr) return remember(sticky_error());
  Allocation& freed = owned("cudaFreeAsync", device_arena(), pointer);
  const auto end = [&freed] {
    if (freed.state != Allocation::alive) fail("freed before it is made: " + device_arena().describe(freed.data));
    counted -= granules(freed);
    device_arena().make_dead(freed);
  };
  const cudaError_t error = queue_work(stream, {.name = "cudaFreeAsync", .run = end, .bookkeeping = true});
  freed.freed = error == cudaSuccess;
  return remember(error == cudaSuccess ? sticky_error() : error);
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  const Lock lock(device_lock());
  count_hidden_synchronisation();
  Allocation& made = host_arena().promise(bytes);
  host_arena().make_alive(made);
  *pointer = made.data;
  return remember(sticky_error());
}

cudaError_t cudaFreeHost(void* pointer) {
  const Lock lock(device_lock());
  if (pointer == nullptr) return remember(sticky_error());
  count_hidden_synchronisation();
  Allocation& freed = owned("cudaFreeHost", host_arena(), pointer);
  if (freed.pending > 0)
    fail(fmt::format("cudaFreeHost: {} copies still use {}", freed.pending, host_arena().describe(pointer)));
  freed.freed = true;
  host_arena().make_dead(freed);
  return remember(sticky_error());
}

cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  const Lock lock(device_lock());
  if (!is_allocated(data, bytes)) return remember(cudaErrorInvalidValue);
  count_copy("cudaMemsetAsync", static_cast<double>(bytes));
  return remember(queue_work(stream, {"cudaMemsetAsync", [=] {
                                        will_write(data, bytes);
                                        std::memset(data, value, bytes);
                                      }}));
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const Lock lock(device_lock());
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (!to_device && !from_device) fail("cudaMemcpyAsync: only copies to, from and on the device are simulated");
  if (bytes == 0) return remember(sticky_error());
  if (to_device && !is_allocated(to, bytes)) return remember(cudaErrorInvalidValue);
  if (from_device && !is_allocated(from, bytes)) return remember(cudaErrorInvalidValue);
  const double moved = static_cast<double>(bytes);
  if (to_device && from_device) {
    count_copy("cudaMemcpyAsync on the device", 2 * moved);
    return remember(copy_on_device(to, from, bytes, stream));
  }
  count_copy(to_device ? "cudaMemcpyAsync to the device" : "cudaMemcpyAsync to the host", moved);
  return remember(to_device ? upload(to, from, bytes, stream) : download(to, from, bytes, stream));
}

}  // extern "C"
