// The program `spinenet`: every verb, without LibTorch.
#include "cli/build_id.h"
#include "cli/program.h"
#include "cli/training_program.h"

int main(int argc, char** argv) {
  using namespace spinenet::cli;
  return run_guarded([&] {
    Invocation invocation;
    invocation.build_id = build_id();
    invocation.other_device = device_by_training_program(invocation);
    return run_command_line(take_arguments(argc, argv), invocation);
  });
}
