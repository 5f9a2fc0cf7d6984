// Runs the program `unmix` as a user does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix::test {

struct ProgramResult {
  int exit_code;  // -1 where a signal ended it
  std::string output, errors;
};

// In the folder `directory` where it is not empty.
ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& directory = {});

// Fails the test unless the run ended with this code, printed no result and exactly one line "unmix: error: ..." that
// contains `part`.
void expect_error(const ProgramResult& result, int exit_code, const std::string& part);

}  // namespace unmix::test
