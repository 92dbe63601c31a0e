// The program `spinenet-train`: the same verbs with LibTorch. `spinenet` starts it in its own place.
#include "cli/build_id.h"
#include "cli/program.h"
#include "cli/training/training.h"
#include "cli/training_program.h"

int main(int argc, char** argv) {
  using namespace spinenet::cli;
  return run_guarded([&] {
    check_build_of_caller(build_id());
    Invocation invocation;
    invocation.build_id = build_id();
    invocation.training = make_training();
    invocation.other_device = make_other_device();
    return run_command_line(take_arguments(argc, argv), invocation);
  });
}
