// train_<loss>: `unmix train --loss <loss>` as a program of its own. CMake compiles this file once for each registered
// loss, with UNMIX_LOSS its name and UNMIX_NAME that of the program.
#include "apps/train_program.h"

int main(int argc, char** argv) { return unmix::run_train_program(UNMIX_NAME, UNMIX_LOSS, argc, argv); }
