// What every program of the project shares: the command line read, and whatever ends it told in one line. Exit codes:
// 0 done, 1 failed, 2 wrong usage, 130 interrupted.
#pragma once

#include <CLI/CLI.hpp>

namespace unmix {

// Parses the command line and thereby runs the callbacks; returns the exit code. A wrong option is answered with the
// nearest ones. Where the program has commands, one of them is asked for.
int run_program(CLI::App& program, int argc, char** argv);

}  // namespace unmix
