// Streams and events. Work runs when a call of the API has to wait for it and no earlier; what else runs then, and in
// which order between streams, is drawn from the seed.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <vector>

#include "tests/cudasim/device.h"
#include "tests/cudasim/shadow.h"

struct CUstream_st {
  int device;
  std::deque<cudasim::Work> queue;
};

struct CUevent_st {
  int device;
  std::shared_ptr<cudasim::Marker> marker;
};

namespace cudasim {
namespace {

std::vector<cudaStream_t> streams;
std::vector<cudaEvent_t> events;
const char* running_name = nullptr;
int running_on = -1;
uint64_t device_wait_count = 0;

bool known(cudaStream_t stream) { return std::find(streams.begin(), streams.end(), stream) != streams.end(); }
bool known(cudaEvent_t event) { return std::find(events.begin(), events.end(), event) != events.end(); }

int this_device() {
  int device = 0;
  cudaGetDevice(&device);
  return device;
}

void execute(const Work& work, int device) {
  if (sticky_error() != cudaSuccess && !work.bookkeeping) return;
  sigjmp_buf here;
  running_name = work.name;
  running_on = device;
  device_arena().work_begins(device);
  work_left_to = &here;
  if (sigsetjmp(here, 0) == 0) {
    try {
      work.run();
    } catch (const std::exception& error) {
      stick(cudaErrorLaunchFailure, fmt::format("{}: {}", work.name, error.what()));
    }
  } else {
    abandon_kernel();
  }
  work_left_to = nullptr;
  running_name = nullptr;
  running_on = -1;
}

// Runs the next work of a stream, or of the stream whose event it waits for.
void advance(cudaStream_t stream) {
  Work& next = stream->queue.front();
  if (next.waits_for != nullptr && !next.waits_for->done) return advance(next.waits_for->stream);
  const Work work = std::move(next);
  stream->queue.pop_front();
  if (work.run) execute(work, stream->device);
  if (work.marks != nullptr) work.marks->done = true;
}

// One of the streams that hold work, or null.
cudaStream_t any_busy_stream() {
  if (streams.empty()) return nullptr;
  const size_t first = draw() % streams.size();
  for (size_t i = 0; i < streams.size(); ++i) {
    cudaStream_t stream = streams[(first + i) % streams.size()];
    if (!stream->queue.empty()) return stream;
  }
  return nullptr;
}

// Half the time the other streams stand still for as long as they may.
template <class Done>
void run_until(cudaStream_t stream, const Done& done) {
  const Lock lock(device_lock());
  if (done()) return;
  const Running running;
  const bool others = draw() % 2 == 0;
  while (!done()) advance(others && draw() % 2 == 0 ? any_busy_stream() : stream);
}

cudaError_t synchronised() {
  ++counted_host_calls().synchronisations;
  return remember(sticky_error());
}

}  // namespace

cudaError_t queue_work(cudaStream_t stream, Work work) {
  const Lock lock(device_lock());
  if (!known(stream)) return cudaErrorInvalidResourceHandle;
  if (sticky_error() != cudaSuccess && !work.bookkeeping) return sticky_error();
  stream->queue.push_back(std::move(work));
  return cudaSuccess;
}

void enqueue(cudaStream_t stream, const char* name, std::function<void()> work) {
  if (device_of(stream) >= 0 && device_of(stream) != this_device())
    fail(fmt::format("{}: its stream is of another device than the current one", name));
  if (queue_work(stream, {.name = name, .run = std::move(work)}) == cudaErrorInvalidResourceHandle)
    fail(fmt::format("{}: its stream was not made by cudaStreamCreateWithFlags", name));
}

void finish_stream(cudaStream_t stream) {
  run_until(stream, [&] { return stream->queue.empty(); });
}

void finish() {
  const Lock lock(device_lock());
  if (any_busy_stream() == nullptr) return;
  const Running running;
  while (cudaStream_t stream = any_busy_stream()) advance(stream);
}

const char* running_work() { return running_name; }

int running_device() { return running_on; }

int device_of(cudaStream_t stream) { return known(stream) ? stream->device : -1; }

uint64_t device_waits() {
  const Lock lock(device_lock());
  return device_wait_count;
}

}  // namespace cudasim

using namespace cudasim;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const Lock lock(device_lock());
  if (flags != cudaStreamNonBlocking) fail("cudaStreamCreateWithFlags: only streams that do not block are simulated");
  *stream = streams.emplace_back(new CUstream_st{this_device(), {}});
  return remember(sticky_error());
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock(device_lock());
  if (!known(stream)) return remember(cudaErrorInvalidResourceHandle);
  finish_stream(stream);
  return synchronised();
}

cudaError_t cudaDeviceSynchronize() {
  const Lock lock(device_lock());
  ++device_wait_count;
  for (size_t i = 0; i < streams.size(); ++i)
    if (streams[i]->device == this_device()) finish_stream(streams[i]);
  return synchronised();
}

// A wait for an event that was never recorded is no wait, as on the device.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Lock lock(device_lock());
  if (!known(stream) || !known(event)) return remember(cudaErrorInvalidResourceHandle);
  if (event->marker == nullptr || event->marker->done) return remember(sticky_error());
  return remember(
      queue_work(stream, {.name = "cudaStreamWaitEvent", .run = {}, .waits_for = event->marker, .bookkeeping = true}));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Lock lock(device_lock());
  if (flags != cudaEventDisableTiming) fail("cudaEventCreateWithFlags: events that take times are not simulated");
  *event = events.emplace_back(new CUevent_st{this_device(), {}});
  return remember(sticky_error());
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Lock lock(device_lock());
  if (std::erase(events, event) == 0) return remember(cudaErrorInvalidResourceHandle);
  delete event;
  return remember(sticky_error());
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock(device_lock());
  if (!known(event) || device_of(stream) != event->device) return remember(cudaErrorInvalidResourceHandle);
  auto marker = std::make_shared<Marker>(Marker{stream});
  const cudaError_t error =
      queue_work(stream, {.name = "cudaEventRecord", .run = {}, .marks = marker, .bookkeeping = true});
  if (error == cudaSuccess) event->marker = marker;
  return remember(error == cudaSuccess ? sticky_error() : error);
}

// The device goes on while the host asks: each question runs some of the work that is asked for.
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Lock lock(device_lock());
  if (!known(event)) return remember(cudaErrorInvalidResourceHandle);
  const auto marker = event->marker;
  if (marker == nullptr) return remember(sticky_error());
  uint64_t steps = draw() % 8;
  run_until(marker->stream, [&] { return marker->done || steps-- == 0; });
  if (sticky_error() != cudaSuccess) return remember(sticky_error());
  return remember(marker->done ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Lock lock(device_lock());
  if (!known(event)) return remember(cudaErrorInvalidResourceHandle);
  const auto marker = event->marker;
  if (marker != nullptr) run_until(marker->stream, [&] { return marker->done; });
  return synchronised();
}

}  // extern "C"
