// Signals that arrive during products. The negative control shows that oneDNN alone does not live through them.
#include <dnnl.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "base/signals.h"
#include "tensor/conv2d.h"
#include "tensor/gemm.h"

namespace unmix::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kRows = 96, kCols = 1024, kInner = 512;

void nothing(int) {}

// Runs `work` again and again for `milliseconds`, while every thread of the calling thread's team gets SIGUSR1, which
// has a handler as in a host program, ten times a millisecond; ends the process with 0. A process whose heap is
// corrupted may also wait for a lock for ever: SIGALRM ends it.
void live_through(int milliseconds, const std::function<void()>& work) {
  ::alarm(30);
  struct sigaction action {};
  action.sa_handler = nothing;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  std::vector<pthread_t> team(static_cast<size_t>(omp_get_max_threads()));
#pragma omp parallel
  team[static_cast<size_t>(omp_get_thread_num())] = pthread_self();
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    while (!stop) {
      for (const pthread_t thread : team) pthread_kill(thread, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (Clock::now() < end) {
    std::vector<void*> blocks;  // whose neighbours in the heap a signal's frame may hit
    for (size_t i = 0; i < 50; ++i) blocks.push_back(std::malloc(100 + i * 997));
    work();
    for (void* block : blocks) std::free(block);
  }
  stop = true;
  sender.join();
  std::_Exit(0);
}

std::vector<float> values(int64_t count) { return std::vector<float>(static_cast<size_t>(count), 0.01f); }

struct Product {
  std::vector<float> a = values(kRows * kInner), b = values(kInner * kCols), c = values(kRows * kCols);

  void library_alone() {
    dnnl_sgemm('N', 'N', kRows, kCols, kInner, 1.0f, a.data(), kInner, b.data(), kCols, 0.0f, c.data(), kCols);
  }
  void ours() { gemm_cpu({kRows, kCols, kInner, a.data(), kInner, false, b.data(), kCols, false, c.data(), kCols}); }
};

struct Convolution {
  const Conv2dShape shape{2, 16, 16, 32, 16, 3, 1, 1};  // batch, in, height, width, out, kernel, stride, padding
  std::vector<float> x = values(2 * 16 * 16 * 32), weight = values(16 * 16 * 9), y = x;

  void ours() {
    conv2d_forward_cpu(shape, x.data(), weight.data(), y.data());
    conv2d_backward_data_cpu(shape, y.data(), weight.data(), x.data());
    conv2d_backward_weight_cpu(shape, x.data(), y.data(), weight.data());
  }
};

// Where the heap lies decides whether a process is hit within milliseconds or never: it takes several of them.
constexpr int kProcesses = 4, kMilliseconds = 150;

class SignalsDeathTest : public ::testing::Test {
 protected:
  // Each statement in a process of its own, which has made no thread yet.
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(SignalsDeathTest, AProductLives) {
  Product product;
  for (int i = 0; i < kProcesses; ++i)
    EXPECT_EXIT(live_through(kMilliseconds, [&] { product.ours(); }), ::testing::ExitedWithCode(0), "");
}

TEST_F(SignalsDeathTest, AConvolutionLives) {
  Convolution convolution;
  for (int i = 0; i < kProcesses; ++i)
    EXPECT_EXIT(live_through(kMilliseconds, [&] { convolution.ours(); }), ::testing::ExitedWithCode(0), "");
}

TEST_F(SignalsDeathTest, TheLibraryAloneDies) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps the buffer's neighbours out of reach";
#endif
  Product product;
  int died = 0;
  const auto count = [&](int status) { return died += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1, true; };
  for (int i = 0; i < 40 && died == 0; ++i)
    EXPECT_EXIT(live_through(kMilliseconds, [&] { product.library_alone(); }), count, "");
  EXPECT_GT(died, 0);
}

// Whether each thread of the team takes SIGUSR1.
std::vector<bool> open_threads() {
  std::vector<char> open(static_cast<size_t>(omp_get_max_threads()));
#pragma omp parallel
  {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    open[static_cast<size_t>(omp_get_thread_num())] = sigismember(&mask, SIGUSR1) == 0;
  }
  return {open.begin(), open.end()};
}

TEST(Signals, AreBlockedInAScopeAndInWorkersForLife) {
  std::thread([] {  // with a team of its own
    omp_set_num_threads(3);
    EXPECT_EQ(open_threads(), std::vector<bool>({true, true, true}));
    {
      const SignalsBlocked scope;
      const SignalsBlocked within;
      EXPECT_EQ(open_threads(), std::vector<bool>({false, false, false}));
    }
    EXPECT_EQ(open_threads(), std::vector<bool>({true, false, false}));
    omp_set_num_threads(4);
    { const SignalsBlocked scope; }
    EXPECT_EQ(open_threads(), std::vector<bool>({true, false, false, false}));
  })
      .join();
}

TEST(Signals, OfFaultsStayOpen) {
  const SignalsBlocked scope;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) EXPECT_EQ(sigismember(&mask, signal), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGPROF}) EXPECT_EQ(sigismember(&mask, signal), 1);
}

}  // namespace
}  // namespace unmix::test
