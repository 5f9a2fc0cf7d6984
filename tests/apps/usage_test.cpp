// What the whole program does with its command line.
#include <gmock/gmock.h>

#include "tests/support/program.h"

namespace unmix {
namespace {

using test::expect_error;
using test::run_program;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ProgramUsage, VersionAndHelpArePrinted) {
  const auto version = run_program({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, StartsWith("unmix 0."));
  EXPECT_EQ(version.errors, "");
  const auto help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command : {"separate", "train", "demo", "loss", "convert", "info", "report"}) {
    EXPECT_THAT(help.output, HasSubstr(command));
    const auto own = run_program({command, "--help"});
    EXPECT_EQ(own.exit_code, 0) << command;
    for (const char* option : {"--quiet", "--device", "--no-cuda", "--seed"})
      EXPECT_THAT(own.output, HasSubstr(option)) << command;
  }
}

// Every help text is a phrase of its own, not what is left of "the ... of": "Of all random numbers".
TEST(ProgramUsage, HelpTextsStandAlone) {
  for (const char* command :
       {"train", "experiments", "separate", "demo", "evaluate", "metrics", "report", "loss", "convert", "info"}) {
    const std::string help = run_program({command, "--help"}).output;
    EXPECT_THAT(help, Not(HasSubstr("  Of "))) << command;
    EXPECT_THAT(help, Not(HasSubstr("wanted"))) << command;
  }
}

TEST(ProgramUsage, WrongUsageIsOneLineAndExitCode2) {
  expect_error(run_program({}), 2, "give a command: ");
  expect_error(run_program({"seperate"}), 2, "there is no command 'seperate'; nearest: separate");
  expect_error(run_program({"--nonsense"}), 2, "'unmix' has no option --nonsense; nearest: --help");
  expect_error(run_program({"loss", "--naem", "L2freq"}), 2, "'unmix loss' has no option --naem; nearest: --name");
  expect_error(run_program({"loss"}), 2, "is required ('unmix loss --help')");
  expect_error(run_program({"loss", "--name"}), 2, "--name");
  expect_error(run_program({"separate", "x.wav", "--model", "m", "--start", "soon"}), 2, "--start");
  expect_error(run_program({"separate", "x.wav", "--model", "m", "--device", "tpu"}), 2,
               "--device tpu: give auto, cpu, cuda or cuda:N");
  expect_error(run_program({"separate", "x.wav", "--model", "m", "--device", "cuda:1", "--no-cuda"}), 2,
               "--no-cuda and --device cuda:1 exclude each other");
}

TEST(ProgramUsage, ADeviceThatIsNotThereFails) {
  const auto result = run_program({"separate", "x.wav", "--model", "m", "--device", "cuda:97"});
  expect_error(result, 1, "[device]");
}

}  // namespace
}  // namespace unmix
