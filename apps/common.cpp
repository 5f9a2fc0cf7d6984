#include <fmt/core.h>

#include "apps/commands.h"
#include "base/error.h"

namespace unmix {

Device CommonOptions::open_device() const {
  if (no_cuda && device != "auto" && device != "cpu")
    throw UsageError(fmt::format("--no-cuda and --device {} exclude each other", device));
  return parse_device(no_cuda ? "cpu" : device);
}

void CommonOptions::say(const std::string& message) const {
  if (!quiet) fmt::print(stderr, "{}\n", message);
}

void CommonOptions::warn(const std::string& message) const { fmt::print(stderr, "unmix: warning: {}\n", message); }

void add_common_options(CLI::App& command, CommonOptions& options, bool with_json) {
  command.add_flag("--quiet", options.quiet, "Print nothing but warnings and errors");
  command.add_option("--device", options.device, "Device to compute on: auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  command.add_flag("--no-cuda", options.no_cuda, "The same as --device cpu");
  command.add_option("--seed", options.seed, "Seed of the random number generators")->capture_default_str();
  if (with_json) command.add_flag("--json", options.json, "Print results as JSON");
}

}  // namespace unmix
