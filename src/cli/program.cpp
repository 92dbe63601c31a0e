#include "cli/program.h"

#include <csignal>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/output.h"
#include "cli/parse.h"

namespace spinenet::cli {

int run_command_line(const std::vector<std::string>& arguments, Invocation& invocation) {
  parse_command_line(arguments, invocation);
  if (invocation.common.quiet) set_log_level(LogLevel::quiet);
  if (invocation.common.verbose) set_log_level(LogLevel::debug);
  return invocation.run();
}

int run_guarded(const std::function<int()>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return body();
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return exit_status(error.kind());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory; use a smaller image size or batch\n");
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (this is a fault of the program: please report it with `spinenet checks`)\n",
               error.what());
    return 1;
  }
}

}  // namespace spinenet::cli
