// A program that trains with one loss.
#pragma once

namespace unmix {

// name: of the program, "train_l2freq"; loss: "L2freq". Returns the exit code.
int run_train_program(const char* name, const char* loss, int argc, char** argv);

}  // namespace unmix
