#include "apps/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <new>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/suggest.h"
#include "base/version.h"

namespace unmix {
namespace {

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

int report(const CLI::App& program, int code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  fmt::print(stderr, "{}: {}{}\n", program.get_name(), code == kInterrupted ? "" : "error: ", message);
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
  const CLI::App& command = chosen.empty() ? program : *chosen.front();
  const std::string called =
      chosen.empty() ? program.get_name() : fmt::format("{} {}", program.get_name(), command.get_name());
  for (const std::string& extra : command.remaining()) {
    if (!extra.starts_with('-')) continue;
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
      if (!option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
    return fmt::format("'{}' has no option {}; nearest: {}", called, extra,
                       fmt::join(nearest_names(extra, names), ", "));
  }
  return fmt::format("{} ('{} --help')", error.what(), called);
}

// Before the parser, which would only say that a command is missing.
void check_command(const std::string& name, const CLI::App& program) {
  const std::vector<std::string> commands = command_names(program);
  if (commands.empty()) return;
  if (name.empty())
    throw UsageError(fmt::format("give a command: {} ('{} --help')", fmt::join(commands, ", "), program.get_name()));
  if (!name.starts_with('-') && std::find(commands.begin(), commands.end(), name) == commands.end())
    throw UsageError(
        fmt::format("there is no command '{}'; nearest: {}", name, fmt::join(nearest_names(name, commands), ", ")));
}

}  // namespace

int run_program(CLI::App& program, int argc, char** argv) {
  program.set_version_flag("--version", fmt::format("{} {}", program.get_name(), version()));
  try {
    watch_signals();
    check_command(argc > 1 ? argv[1] : "", program);
    program.parse(argc, argv);
    check(std::fflush(stdout) == 0, "output", "standard output cannot be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);
    return report(program, kUsage, explain(error, program));
  } catch (const UsageError& error) {
    return report(program, kUsage, reason_of(error));
  } catch (const Interrupted& error) {
    return report(program, kInterrupted, error.what());
  } catch (const std::exception& error) {
    return report(program, kFailed, reason_of(error));
  }
}

std::string reason_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "out of memory";
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return fmt::format("{}: {}", file->path1().string(), file->code().message());
  if (dynamic_cast<const ArgumentError*>(&error) != nullptr) return fmt::format("--{}", error.what());
  return error.what();
}

}  // namespace unmix
