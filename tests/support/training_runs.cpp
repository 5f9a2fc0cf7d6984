#include "tests/support/training_runs.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "base/file.h"
#include "data/demo_songs.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "training/checkpoint.h"

extern char** environ;

namespace unmix::test {

namespace fs = std::filesystem;

const fs::path& songs() {
  static const TemporaryFolder folder;
  static const fs::path root = [] {
    write_demo_songs(folder / "songs", DemoSize::tiny);
    return folder / "songs";
  }();
  return root;
}

Arguments train_arguments(const fs::path& output, int epochs, const Arguments& more, const std::string& device) {
  Arguments arguments{"train",
                      "--root",
                      songs().string(),
                      "--is-wav",
                      "--output",
                      output.string(),
                      "--cache",
                      (songs().parent_path() / "cache").string(),
                      "--device",
                      device,
                      "--nfft",
                      "512",
                      "--nhop",
                      "128",
                      "--hidden-size",
                      "8",
                      "--nb-layers",
                      "2",
                      "--batch-size",
                      "2",
                      "--seq-dur",
                      "0.5",
                      "--samples-per-track",
                      "3",
                      "--epochs",
                      std::to_string(epochs)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string weights(const fs::path& folder) { return read_file(folder / "joint.safetensors"); }

std::string training_state(const fs::path& folder, const std::string& model) {
  const Checkpoint checkpoint = read_checkpoint(folder / (model + ".chkpnt"));
  std::string state;
  for (const NamedTensors* part : {&checkpoint.model, &checkpoint.best, &checkpoint.optimizer,
                                   &checkpoint.discriminators, &checkpoint.discriminator_optimizer})
    for (const auto& [name, tensor] : *part)
      state += name + std::string(reinterpret_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.size()) * 4);
  const auto& run = checkpoint.progress.at("run");
  return state + run.at("train_loss_history").dump() + run.at("valid_loss_history").dump() +
         run.value("discriminator_loss_history", nlohmann::json()).dump();
}

Arguments samples_per_track(Device device, int samples, int simulated) {
  const bool slow = device_description(device).find("simulated") != std::string::npos;
  return {"--samples-per-track", std::to_string(slow ? simulated : samples)};
}

int run_until(const Arguments& arguments, const std::function<bool(pid_t)>& act) {
  std::string program = program_path();
  std::vector<char*> argv{program.data()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0) return -1;
  int status = 0;
  bool acted = false;
  while (waitpid(child, &status, WNOHANG) == 0) {
    acted = acted || act(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(acted ? 5 : 1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int signal_when_written(const Arguments& arguments, const fs::path& file, int signal) {
  return run_until(arguments, [&](pid_t child) { return fs::exists(file) && kill(child, signal) == 0; });
}

}  // namespace unmix::test
