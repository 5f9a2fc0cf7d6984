// Short runs of `unmix train` on tiny songs, and what they leave.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tensor/device.h"

namespace unmix::test {

using Arguments = std::vector<std::string>;

// The tiny demo songs, written once for all tests of a process.
const std::filesystem::path& songs();

// Of a joint model with few units at n_fft 512, batches of 2 x 0.5 s, 3 samples a track.
Arguments train_arguments(const std::filesystem::path& output, int epochs, const Arguments& more = {},
                          const std::string& device = "cpu");

// The bytes of joint.safetensors.
std::string weights(const std::filesystem::path& folder);

// All tensors of <model>.chkpnt as bytes, and its history without times.
std::string training_state(const std::filesystem::path& folder, const std::string& model = "joint");

// --samples-per-track for epochs in whose midst a run is interrupted: fewer where steps are slow, on the simulated
// device.
Arguments samples_per_track(Device device, int samples, int simulated);

// Starts the program, calls `act` every few milliseconds until it returns true, and returns the program's exit code, or
// minus the number of the signal that ended it.
int run_until(const Arguments& arguments, const std::function<bool(pid_t)>& act);

// The same, sending the signal once `file` exists.
int signal_when_written(const Arguments& arguments, const std::filesystem::path& file, int signal);

}  // namespace unmix::test
