// The one place where errors become messages and exit statuses.
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/forward.h"
#include "cli/output.h"
#include "cli/parse.h"

namespace {

int run(const std::vector<std::string>& arguments) {
  spinenet::cli::Invocation invocation;
  invocation.other_device = spinenet::cli::other_device();
  spinenet::cli::parse_command_line(arguments, invocation);
  if (invocation.common.quiet) spinenet::set_log_level(spinenet::LogLevel::quiet);
  if (invocation.common.verbose) spinenet::set_log_level(spinenet::LogLevel::debug);
  return invocation.run();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run({argv, argv + argc});
  } catch (const spinenet::cli::OutputClosed&) {
    return 0;
  } catch (const spinenet::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return spinenet::exit_status(error.kind());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory; use a smaller image size or batch\n");
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (this is a fault of the program: please report it with `spinenet checks`)\n",
               error.what());
    return 1;
  }
}
