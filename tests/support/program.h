// Runs the program `unmix` as a user does.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace unmix::test {

struct ProgramResult {
  int exit_code;  // less than 0: minus the signal that ended it
  std::string output, errors;
};

// In the folder `directory` where it is not empty. `program`: its path, or "train_l2freq" and the like for one beside
// `unmix`. `input`: the file that standard input reads.
ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& directory = {},
                          const std::filesystem::path& program = "unmix",
                          const std::filesystem::path& input = "/dev/null");

// Whether the run exited with 0; if not, says how it ended and what it wrote to standard error.
testing::AssertionResult succeeded(const ProgramResult& result);

// Fails the test unless the run ended with this code, printed no result and exactly one line "unmix: error: ..." that
// contains `part`.
void expect_error(const ProgramResult& result, int exit_code, const std::string& part);

}  // namespace unmix::test
