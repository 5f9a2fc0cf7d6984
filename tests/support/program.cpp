#include "tests/support/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"

extern char** environ;

namespace unmix::test {

ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& directory,
                          const std::filesystem::path& program, const std::filesystem::path& input) {
  const TemporaryFolder folder;
  const std::filesystem::path path = program_path().parent_path() / program;
  const std::string output = folder / "stdout", errors = folder / "stderr";
  std::vector<std::string> all{path.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT, 0600);
  if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  pid_t child = 0;
  const int failed = posix_spawn(&child, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + path.string());
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(output), read_file(errors)};
}

testing::AssertionResult succeeded(const ProgramResult& result) {
  if (result.exit_code == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit code " << result.exit_code << "\n" << result.errors;
}

void expect_error(const ProgramResult& result, int exit_code, const std::string& part) {
  EXPECT_EQ(result.exit_code, exit_code) << result.errors;
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.errors, ::testing::StartsWith("unmix: error: "));
  EXPECT_THAT(result.errors, ::testing::HasSubstr(part));
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
}

}  // namespace unmix::test
