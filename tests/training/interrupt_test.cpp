// Signals and kill -9 during `unmix train`, and the output folders that it leaves alone.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <utility>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/training_runs.h"
#include "training/checkpoint.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Whether the thread, a folder of /proc, blocks the signal.
bool blocks(const fs::path& thread, int signal) {
  std::ifstream status(thread / "status");
  std::string word;
  while (status >> word)
    if (word == "SigBlk:") {
      uint64_t mask = 0;
      status >> std::hex >> mask;
      return (mask >> (signal - 1) & 1) != 0;
    }
  return false;
}

fs::path process(pid_t child) { return "/proc/" + std::to_string(child); }

// Programs are started with SIGINT as a user's shell has it, even if the tests run under nohup or as a background job.
class Interrupts : public testing::Test {
 protected:
  Interrupts() : before_(std::signal(SIGINT, SIG_DFL)) {}
  ~Interrupts() override { std::signal(SIGINT, before_); }
  Arguments long_run(const fs::path& output, const Arguments& more = {}) const {
    Arguments arguments = train_arguments(output, 2, {"--samples-per-track", "80", "--quiet"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  TemporaryFolder folder_;

 private:
  void (*before_)(int);
};

TEST_F(Interrupts, AtTheVeryStartLeaveWith130) {
  const auto as_early_as_can_be = [](pid_t child) {
    return blocks(process(child), SIGINT) && kill(child, SIGINT) == 0;
  };
  EXPECT_EQ(run_until(long_run(folder_ / "model"), as_early_as_can_be), 130);
}

// A command that does not catch interruptions yet gets a SIGINT while it reads its input, a pipe. It is to end of that,
// or of the pipe's end, which follows if the signal is to do nothing.
int interrupt_held_command(const fs::path& pipe, bool does_nothing) {
  mkfifo(pipe.c_str(), 0600);
  int writer = -1;
  const int result = run_until({"experiments", pipe.string(), "--dry-run"}, [&](pid_t child) {
    writer = open(pipe.c_str(), O_WRONLY | O_NONBLOCK);  // fails until the command has opened it
    if (writer < 0) return false;
    kill(child, SIGINT);
    if (does_nothing) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      close(std::exchange(writer, -1));
    }
    return true;
  });
  if (writer >= 0) close(writer);
  return result;
}

TEST_F(Interrupts, EndACommandThatSavesNothing) {
  EXPECT_EQ(interrupt_held_command(folder_ / "study.toml", false), 130);
}

// As of nohup or of a shell's background jobs.
TEST_F(Interrupts, IgnoredBeforeTheProgramBeganDoNothing) {
  std::signal(SIGINT, SIG_IGN);
  EXPECT_EQ(interrupt_held_command(folder_ / "study.toml", true), 2);
}

TEST_F(Interrupts, BlockedBeforeTheProgramBeganDoNothing) {
  sigset_t one, before;
  sigemptyset(&one);
  sigaddset(&one, SIGINT);
  pthread_sigmask(SIG_BLOCK, &one, &before);
  EXPECT_EQ(interrupt_held_command(folder_ / "study.toml", true), 2);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(Interrupts, ASecondOneEndsTheProgramAtOnce) {
  const auto twice = [&](pid_t child) {
    return fs::exists(folder_ / "model/joint.json") && kill(child, SIGINT) == 0 && kill(child, SIGTERM) == 0;
  };
  EXPECT_EQ(run_until(long_run(folder_ / "model"), twice), -SIGTERM);
}

TEST_F(Interrupts, OneThreadTakesSignals) {
  int open = 0, threads = 0;
  const auto count = [&](pid_t child) {
    if (!fs::exists(folder_ / "model/joint.json")) return false;
    for (const auto& thread : fs::directory_iterator(process(child) / "task")) {
      ++threads;
      open += blocks(thread.path(), SIGUSR1) ? 0 : 1;
    }
    return kill(child, SIGINT) == 0;
  };
  EXPECT_EQ(run_until(long_run(folder_ / "model"), count), 130);
  EXPECT_EQ(open, 1);
  EXPECT_GE(threads, 3);  // of the step, OpenMP, the loader, signals
}

TEST_F(Interrupts, AKilledRunGoesOnFromItsLastSaveWithinTheEpoch) {
  const fs::path whole = folder_ / "whole", parts = folder_ / "parts";
  ASSERT_TRUE(succeeded(run_program(long_run(whole))));
  ASSERT_EQ(signal_when_written(long_run(parts, {"--checkpoint-minutes", "0.0001"}), parts / "joint.chkpnt", SIGKILL),
            -SIGKILL);
  ASSERT_FALSE(fs::exists(parts / "joint.json"));  // in the first epoch
  EXPECT_GT(read_checkpoint(parts / "joint.chkpnt").progress.at("batch"), 0);
  ASSERT_TRUE(succeeded(run_program(long_run(parts, {"--checkpoint", parts.string()}))));
  EXPECT_EQ(training_state(whole), training_state(parts));
}

class OutputFolders : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

TEST_F(OutputFolders, AModelIsOverwrittenOnRequestOnly) {
  ASSERT_TRUE(succeeded(run_program(train_arguments(model_, 1))));
  const std::string before = training_state(model_);
  expect_error(run_program(train_arguments(model_, 1, {"--seed", "7"})), 2, "--overwrite replaces it");
  EXPECT_EQ(training_state(model_), before);
  ASSERT_TRUE(succeeded(run_program(train_arguments(model_, 1, {"--seed", "7", "--overwrite"}))));
  EXPECT_NE(training_state(model_), before);
}

TEST_F(OutputFolders, AnotherRunsCheckpointDoesNotOverwriteEither) {
  const fs::path other = folder_ / "other";
  ASSERT_TRUE(succeeded(run_program(train_arguments(model_, 1))));
  ASSERT_TRUE(succeeded(run_program(train_arguments(other, 1))));
  expect_error(run_program(train_arguments(model_, 2, {"--checkpoint", other.string()})), 2, "holds a model 'joint'");
}

TEST_F(OutputFolders, ModelsOfOneFolderHaveOneSetting) {
  ASSERT_TRUE(succeeded(run_program(train_arguments(model_, 1, {"--target", "drums"}))));
  ASSERT_TRUE(succeeded(run_program(train_arguments(model_, 1, {"--target", "bass"}))));
  const ProgramResult result = run_program(train_arguments(model_, 1, {"--target", "vocals", "--nfft", "1024"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("--nfft 512 and --nhop 128 (bass, drums), this run has"));
}

TEST_F(OutputFolders, AResumeSaysWhatHasChangedInTheDataSet) {
  const fs::path root = folder_ / "songs";
  fs::copy(songs(), root, fs::copy_options::recursive);
  const auto run = [&](Arguments more) {
    more.insert(more.end(), {"--root", root.string()});
    return run_program(train_arguments(model_, 2, more));
  };
  ASSERT_TRUE(succeeded(run({"--epochs", "1"})));
  const std::string name = fs::directory_iterator(root / "test")->path().filename().string();
  fs::rename(root / "test" / name, root / "train" / name);
  const ProgramResult resumed = run({"--checkpoint", model_.string()});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_THAT(resumed.errors, HasSubstr("the data set has changed"));
  EXPECT_THAT(resumed.errors, HasSubstr("1 new: train/" + name));
  const ProgramResult again = run({"--checkpoint", model_.string()});
  EXPECT_THAT(again.errors, Not(HasSubstr("has changed"))) << "the changed set was saved";
}

}  // namespace
}  // namespace unmix::test
