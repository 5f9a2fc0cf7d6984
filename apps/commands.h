// The commands of the program, one function each that adds it to the command line, and what they have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "base/choice.h"
#include "tensor/device.h"

namespace unmix {

struct CommonOptions {
  bool quiet = false;  // no messages but warnings and errors
  bool json = false;   // results as JSON
  bool no_cuda = false;
  std::string device = "auto";
  uint64_t seed = 42;

  Device open_device() const;                  // --device, --no-cuda
  void say(const std::string& message) const;  // a line on standard error unless --quiet
  void warn(const std::string& message) const;
};

// --quiet, --device, --no-cuda and --seed; --json for commands that print results.
void add_common_options(CLI::App& command, CommonOptions& options, bool with_json);

// An option that takes one of a few names, which its help lists behind `help`.
template <class T, size_t N>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& value, const Choice<T> (&choices)[N],
                        const std::string& help) {
  const auto set = [&value, &choices, name](const std::string& text) { value = choose(name.substr(2), text, choices); };
  return command.add_option_function<std::string>(name, set, help)->default_str(std::string(name_of(value, choices)));
}

void add_train(CLI::App& program);
void add_experiments(CLI::App& program);
void add_separate(CLI::App& program);
void add_demo(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_metrics(CLI::App& program);
void add_report(CLI::App& program);
void add_loss(CLI::App& program);
void add_convert(CLI::App& program);
void add_info(CLI::App& program);

}  // namespace unmix
