// unmix: one program, a command for each task.
#include "apps/commands.h"
#include "apps/program.h"

int main(int argc, char** argv) {
  CLI::App program("Music source separation: train, separate, score", "unmix");
  program.require_subcommand(1);
  // The last of a repeated option counts, as Python's argparse has it.
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  unmix::add_demo(program);
  unmix::add_train(program);
  unmix::add_experiments(program);
  unmix::add_separate(program);
  unmix::add_evaluate(program);
  unmix::add_metrics(program);
  unmix::add_report(program);
  unmix::add_loss(program);
  unmix::add_convert(program);
  unmix::add_info(program);
  return unmix::run_program(program, argc, argv);
}
