// unmix: reads the command line and runs one command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "apps/commands.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/suggest.h"
#include "base/version.h"

namespace unmix {
namespace {

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

int report(int code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  fmt::print(stderr, "unmix: {}{}\n", code == kInterrupted ? "" : "error: ", message);
  return code;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// The parser's message, or of an unknown option what may have been meant.
std::string explain(const CLI::ParseError& error, const CLI::App& program) {
  const auto chosen = program.get_subcommands();
  if (chosen.empty()) return fmt::format("{} ('unmix --help')", error.what());
  const CLI::App& command = *chosen.front();
  for (const std::string& extra : command.remaining()) {
    if (!extra.starts_with('-')) continue;
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
      if (!option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
    return fmt::format("'unmix {}' has no option {}; nearest: {}", command.get_name(), extra,
                       fmt::join(nearest_names(extra, names), ", "));
  }
  return fmt::format("{} ('unmix {} --help')", error.what(), command.get_name());
}

// Before the parser, which would only say that a command is missing.
void check_command(const std::string& name, const CLI::App& program) {
  const std::vector<std::string> commands = command_names(program);
  if (name.empty()) throw UsageError(fmt::format("give a command: {} ('unmix --help')", fmt::join(commands, ", ")));
  if (!name.starts_with('-') && std::find(commands.begin(), commands.end(), name) == commands.end())
    throw UsageError(fmt::format("there is no command '{}'; nearest: {}", name,
                                 fmt::join(nearest_names(name, commands), ", ")));
}

int run(int argc, char** argv) {
  CLI::App program("Music source separation: train, separate, score", "unmix");
  program.set_version_flag("--version", fmt::format("unmix {}", version()));
  program.require_subcommand(1);
  // The last of a repeated option counts, as Python's argparse has it.
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_demo(program);
  add_train(program);
  add_separate(program);
  add_metrics(program);
  add_loss(program);
  add_info(program);
  try {
    check_command(argc > 1 ? argv[1] : "", program);
    program.parse(argc, argv);
    check(std::fflush(stdout) == 0, "output", "standard output cannot be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);
    return report(kUsage, explain(error, program));
  } catch (const UsageError& error) {
    return report(kUsage, error.what());
  } catch (const Interrupted& error) {
    return report(kInterrupted, error.what());
  } catch (const std::bad_alloc&) {
    return report(kFailed, "out of memory");
  } catch (const std::exception& error) {
    return report(kFailed, error.what());
  }
}

}  // namespace
}  // namespace unmix

int main(int argc, char** argv) { return unmix::run(argc, argv); }
