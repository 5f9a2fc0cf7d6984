// Runs the threads of a kernel, block after block. A thread is a fiber only from its first barrier or shuffle on: until
// then a worker fiber runs one thread after the other as a plain loop. The order of blocks, of warps and of the lanes
// in a warp is drawn from the seed.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <climits>
#include <numeric>
#include <vector>

#include "tests/cudasim/device.h"
#include "tests/cudasim/shadow.h"

namespace cudasim {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::transfer_t;

constexpr unsigned kWarp = 32, kMaxGrid = INT_MAX;

enum class State { fresh, running, at_barrier, at_shuffle, done };

struct Lane {
  State state;
  fcontext_t fiber;
  Site site;
  int distance;
  uint64_t given, got;  // bits of a shuffle
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class Kernel {
 public:
  explicit Kernel(const Launch& launch);
  void run();

  void suspend(State state, Site site);
  Lane& lane() { return lanes_[place.thread]; }
  const Launch& launch() const { return launch_; }
  double seconds() const { return cpu_seconds() - begin_; }

 private:
  static void work(transfer_t from);
  bool next_fresh();
  void run_block();
  void run_warp(unsigned warp);
  void exchange(unsigned warp);
  void resume(fcontext_t fiber);
  fcontext_t idle_worker();
  void release_barrier();

  const Launch& launch_;
  double begin_ = cpu_seconds();
  unsigned lane_flip_, warp_shift_, warps_, warp_ = 0, next_lane_ = 0;
  std::vector<Lane> lanes_;
  fcontext_t scheduler_ = nullptr;
  std::vector<fcontext_t> idle_;  // workers between two threads
  unsigned fibers_ = 0;
  bool idles_ = false;
};

thread_local Kernel* running = nullptr;

Kernel::Kernel(const Launch& launch)
    : launch_(launch), warps_((launch.block + kWarp - 1) / kWarp), lanes_(launch.block) {
  const uint64_t choice = draw();
  lane_flip_ = static_cast<unsigned>(choice % kWarp);
  warp_shift_ = static_cast<unsigned>(choice / kWarp % warps_);
}

// Blocks first, first + step, ... : any step without a common divisor with their number meets each once.
void Kernel::run() {
  const uint64_t blocks = launch_.grid, first = draw() % blocks;
  uint64_t step = 1 + draw() % 7;
  if (draw() % 2 == 0) step = blocks > step ? blocks - step : 1;
  while (std::gcd(step, blocks) != 1) step = step % blocks + 1;
  std::byte* end = shared_memory_end();
  const size_t shared = (launch_.shared_bytes + 15) / 16 * 16;
  place = {0, 0, launch_.block, launch_.grid, reinterpret_cast<unsigned char*>(end - shared)};
  shadow_launch();
  for (uint64_t i = 0; i < blocks; ++i) {
    place.block = static_cast<unsigned>((first + i * step) % blocks);
    std::memset(end - shared, 0xff, shared);
    shadow_block();
    run_block();
    shadow_block_end();
  }
}

void Kernel::run_block() {
  for (Lane& lane : lanes_) lane.state = State::fresh;
  for (;;) {
    for (unsigned i = 0; i < warps_; ++i) run_warp((i + warp_shift_) % warps_);
    const bool done = std::all_of(lanes_.begin(), lanes_.end(), [](auto& lane) { return lane.state == State::done; });
    if (done) return;
    release_barrier();
  }
}

// All threads are at a barrier or at their end; the barrier opens if they are all at the same one.
void Kernel::release_barrier() {
  const auto waits = [](const Lane& lane) { return lane.state == State::at_barrier; };
  const Site site = std::find_if(lanes_.begin(), lanes_.end(), waits)->site;
  for (place.thread = 0; place.thread < launch_.block; ++place.thread) {
    const Lane& one = lane();
    const char* problem = one.state == State::done ? "has ended" : one.site == site ? nullptr : "waits at another";
    if (problem != nullptr)
      leave_work(cudaErrorLaunchFailure, fmt::format("a barrier ({}:{}) is not reached by all threads of the block: "
                                                     "this one {}",
                                                     site.file, site.line, problem));
  }
  for (Lane& lane : lanes_) lane.state = State::running;
  shadow_barrier();
}

// Until each of its lanes is at a barrier or at its end.
void Kernel::run_warp(unsigned warp) {
  warp_ = warp;
  for (;;) {
    next_lane_ = 0;
    for (unsigned i = 0; i < kWarp; ++i) {
      place.thread = warp * kWarp + (i ^ lane_flip_);
      if (place.thread >= launch_.block) continue;
      if (lane().state == State::fresh) {
        next_lane_ = i;
        resume(idle_worker());
      } else if (lane().state == State::running) {
        resume(lane().fiber);
      }
    }
    const auto begin = lanes_.begin() + warp * kWarp;
    const auto end = lanes_.begin() + std::min<size_t>((warp + 1) * kWarp, launch_.block);
    if (std::none_of(begin, end, [](auto& lane) { return lane.state == State::at_shuffle; })) return;
    exchange(warp);
  }
}

// A shuffle names all lanes of the warp: each must be there, at the same line.
void Kernel::exchange(unsigned warp) {
  Lane* lanes = lanes_.data() + warp * kWarp;
  const unsigned present = std::min(kWarp, launch_.block - warp * kWarp);
  const Site site = std::find_if(lanes, lanes + present, [](auto& l) { return l.state == State::at_shuffle; })->site;
  for (unsigned i = 0; i < kWarp; ++i) {
    if (i < present && lanes[i].state == State::at_shuffle && lanes[i].site == site) continue;
    place.thread = warp * kWarp + i;
    leave_work(cudaErrorLaunchFailure,
               fmt::format("a shuffle ({}:{}) names all 32 lanes of the warp, and this one does not take part",
                           site.file, site.line));
  }
  for (unsigned i = 0; i < kWarp; ++i) {
    const unsigned from = i + static_cast<unsigned>(lanes[i].distance);
    lanes[i].got = lanes[from < kWarp ? from : i].given;
    lanes[i].state = State::running;
  }
}

fcontext_t Kernel::idle_worker() {
  if (idle_.empty()) return boost::context::detail::make_fcontext(stack_end(fibers_++), kStackBytes, &work);
  const fcontext_t worker = idle_.back();
  idle_.pop_back();
  return worker;
}

void Kernel::resume(fcontext_t fiber) {
  idles_ = false;
  inside_kernel = true;
  const transfer_t back = boost::context::detail::jump_fcontext(fiber, this);
  inside_kernel = false;
  if (idles_) {
    idle_.push_back(back.fctx);
  } else {
    lane().fiber = back.fctx;
  }
}

// The next lane of the warp that has not begun becomes the running thread.
bool Kernel::next_fresh() {
  for (; next_lane_ < kWarp; ++next_lane_) {
    const unsigned thread = warp_ * kWarp + (next_lane_ ^ lane_flip_);
    if (thread >= launch_.block || lanes_[thread].state != State::fresh) continue;
    place.thread = thread;
    return true;
  }
  return false;
}

void Kernel::work(transfer_t from) {
  auto* kernel = static_cast<Kernel*>(from.data);
  kernel->scheduler_ = from.fctx;
  for (;;) {
    while (kernel->next_fresh()) {
      kernel->lane().state = State::running;
      kernel->launch_.run(kernel->launch_.closure.get());
      kernel->lane().state = State::done;
    }
    kernel->idles_ = true;
    kernel->scheduler_ = boost::context::detail::jump_fcontext(kernel->scheduler_, nullptr).fctx;
  }
}

void Kernel::suspend(State state, Site site) {
  lane().state = state;
  lane().site = site;
  scheduler_ = boost::context::detail::jump_fcontext(scheduler_, nullptr).fctx;
}

}  // namespace

void barrier(Site site) { running->suspend(State::at_barrier, site); }

uint64_t shuffle_down_bits(uint64_t bits, int distance, Site site) {
  running->lane().given = bits;
  running->lane().distance = distance;
  running->suspend(State::at_shuffle, site);
  return running->lane().got;
}

void submit(cudaStream_t stream, Launch launch) {
  const bool too_large = launch.block > kMaxThreads || launch.grid > kMaxGrid;
  if (launch.block == 0 || launch.grid == 0 || too_large) {
    remember(cudaErrorInvalidConfiguration);
  } else if (launch.shared_bytes > kMaxShared) {
    remember(cudaErrorInvalidValue);
  } else if (int device = 0; cudaGetDevice(&device) == cudaSuccess && device_of(stream) != device) {
    remember(cudaErrorInvalidResourceHandle);
  } else {
    const Lock lock(device_lock());
    kernel_counters(launch.kernel).add({.calls = 1, .launches = 1});
    remember(queue_work(stream, {"kernel", [launch = std::move(launch)] { run_kernel(launch); }}));
  }
}

void run_kernel(const Launch& launch) {
  Kernel kernel(launch);
  running = &kernel;
  kernel.run();
  running = nullptr;
}

void abandon_kernel() {
  running = nullptr;
  inside_kernel = false;
}

const Launch* running_launch() { return running == nullptr ? nullptr : &running->launch(); }

double kernel_seconds() { return running->seconds(); }

std::string kernel_place() {
  if (running == nullptr) return {};
  return fmt::format("kernel {}, block {}, thread {}", function_name(running->launch().kernel), place.block,
                     place.thread);
}

}  // namespace cudasim
