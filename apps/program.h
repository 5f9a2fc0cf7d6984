// What every program of the project shares: the command line read, and whatever ends it told in one line. Exit codes:
// 0 done, 1 failed, 2 wrong usage, 130 interrupted.
#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <string>

namespace unmix {

// Parses the command line and thereby runs the callbacks; returns the exit code. A wrong option is answered with the
// nearest ones. Where the program has commands, one of them is asked for.
int run_program(CLI::App& program, int argc, char** argv);

// What went wrong, in one line: also of errors of the system and of the standard library.
std::string reason_of(const std::exception& error);

}  // namespace unmix
