// unmix train, and the programs train_<loss>: one model with one loss.
#include <fmt/core.h>

#include <numeric>
#include <optional>

#include "apps/commands.h"
#include "apps/program.h"
#include "apps/train_program.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/progress.h"
#include "data/check_data.h"
#include "training/option_table.h"
#include "training/train.h"
#include "training/training_data.h"

namespace unmix {
namespace {

struct Options {
  CommonOptions common;
  TrainOptions train;
  bool check_data = false;
};

// A dry run: what the data set holds, and what is wrong with it.
void run_check(const Options& options) {
  options.train.validate();
  std::optional<Progress> progress;
  const TrainOptions train = with_model_rate(options.train);
  DataReport report = check_data(train, [&](size_t done, size_t total) {
    if (!progress) progress.emplace("checking", static_cast<int64_t>(total), options.common.quiet);
    progress->show(static_cast<int64_t>(done), "");
  });
  progress.reset();
  try {
    if (report.opened) check_transforms(train, *report.opened);
  } catch (const Error& error) {
    report.failure = error.what();
  }
  fmt::print("{}", options.common.json ? json_text(to_json(report), 2) + "\n" : to_text(report));
  check(report.failure.empty(), "data", "training would end with: {}", report.failure);
}

void run(Options& options) {
  options.train.seed = options.common.seed;
  options.train.quiet = options.common.quiet;
  catch_interrupts();
  if (options.check_data) return run_check(options);
  options.train.device = options.common.open_device();
  const History history = train(options.train);
  const double seconds = std::accumulate(history.train_time.begin(), history.train_time.end(), 0.0);
  if (options.common.json)
    fmt::print("{}\n", json_text(nlohmann::json{{"output", options.train.output.string()},
                                                {"epochs", history.train_loss.size()},
                                                {"best_epoch", history.best_epoch},
                                                {"best_loss", history.best_loss},
                                                {"seconds", seconds}},
                                 2));
  else
    fmt::print("{}: best loss {:.6g} in epoch {} of {}\n", options.train.output.string(), history.best_loss,
               history.best_epoch, history.train_loss.size());
}

std::string names_of(const TrainOption& option) {
  return fmt::format("--{}", option.name) + (option.also.empty() ? "" : fmt::format(",--{}", option.also));
}

CLI::Option* add_option(CLI::App& command, const TrainOption& option, bool& value) {
  return command.add_flag(names_of(option), value, option.help);
}

CLI::Option* add_option(CLI::App& command, const TrainOption& option, std::optional<bool>& value) {
  return command.add_flag_function(
      fmt::format("--{0},!--no-{0}", option.name), [&value](int64_t given) { value = given > 0; }, option.help);
}

CLI::Option* add_option(CLI::App& command, const TrainOption& option, std::optional<std::vector<Augmentation>>& value) {
  const auto set = [&value](const std::vector<std::string>& texts) { read_option(texts, value); };
  return command.add_option_function<std::vector<std::string>>(names_of(option), set, option.help)->expected(0, -1);
}

template <IsParsed T>
CLI::Option* add_option(CLI::App& command, const TrainOption& option, T& value) {
  const auto set = [&value](const std::string& text) { read_option(text, value); };
  CLI::Option* added = command.add_option_function<std::string>(names_of(option), set, option.help);
  return option_text(value).empty() ? added : added->default_str(option_text(value));
}

template <class T>
requires(!IsParsed<T>) CLI::Option* add_option(CLI::App& command, const TrainOption& option, T& value) {
  CLI::Option& added = *command.add_option(names_of(option), value, option.help);
  if constexpr (std::is_arithmetic_v<T>)
    added.capture_default_str();
  else if (!value.empty())
    added.capture_default_str();
  return &added;
}

// All options of the table; of a program for one loss without --loss.
void make_train(CLI::App& command, const std::string& loss) {
  const auto options = std::make_shared<Options>();
  if (!loss.empty()) options->train.loss = Objective(loss);
  for (const TrainOption& option : train_option_table()) {
    if (option.name == "seed") continue;  // one of the common options
    if (option.name == "loss" && !loss.empty()) continue;
    std::visit(
        [&](auto member) { add_option(command, option, options->train.*member)->group(std::string(option.group)); },
        option.member);
  }
  command.get_option("--root")->required();
  command.add_flag("--check-data", options->check_data,
                   "Do not train: read every file and report tracks, hours, sample rates, channels, and what training "
                   "would fail on");
  add_common_options(command, options->common, true);
  command.callback([options] { run(*options); });
}

}  // namespace

void add_train(CLI::App& program) { make_train(*program.add_subcommand("train", "Train a model"), ""); }

int run_train_program(const char* name, const char* loss, int argc, char** argv) {
  CLI::App program(fmt::format("Train a model with the loss {}, as `unmix train --loss {}` does", loss, loss), name);
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  make_train(program, loss);
  return run_program(program, argc, argv);
}

}  // namespace unmix
