#include "cli/program.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/stop_signal.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/training_program.h"
#include "search/store/address.h"

namespace spinenet::cli {
namespace {

// Writes over the process's own copy of a word; the system shows it to everybody.
void hide_password(char* word) {
  const std::string_view text(word);
  const size_t value = text.starts_with("--") ? text.find('=') + 1 : 0;  // npos + 1 is 0
  std::string shown;
  try {
    const search::StudyAddress address(text.substr(value));
    if (!address.is_server() || !address.holds_password()) return;
    shown = address.shown();
  } catch (const Error&) {  // no address
    return;
  }
  const size_t length = text.size() - value;
  std::memset(word + value, 0, length);
  std::copy_n(shown.begin(), std::min(shown.size(), length), word + value);
}

}  // namespace

std::vector<std::string> take_arguments(int count, char** arguments) {
  std::vector<std::string> words(arguments, arguments + count);
  for (int i = 1; i < count; ++i) hide_password(arguments[i]);
  return words;
}

int run_command_line(const std::vector<std::string>& arguments, Invocation& invocation) {
  parse_command_line(arguments, invocation);
  if (invocation.common.quiet) set_log_level(LogLevel::quiet);
  if (invocation.common.verbose) set_log_level(LogLevel::debug);
  const bool told = std::getenv(kBuildVariable) != nullptr;  // by the program that started this one
  for (const std::string& note : invocation.notes) {
    if (!told) log_info(note);
  }
  return invocation.run();
}

namespace {

// A descriptor that the caller has closed would be given to the next file that is opened, and what is printed would
// land in it. Nothing can be read from these, and what is written fails.
void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != fd) std::_Exit(1);
  }
}

// Where standard error cannot be written, the exit status alone tells.
void tell(std::string_view message) {
  const std::string line = fmt::format("error: {}\n", printable_lines(message));
  system_file_layer().write(STDERR_FILENO, line);
}

}  // namespace

int run_guarded(const std::function<int()>& body) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return body();
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Stopped& stopped) {
    tell(stopped.what());
    return 128 + (received_stop_signal() != 0 ? received_stop_signal() : SIGINT);
  } catch (const Error& error) {
    tell(error.what());
    return exit_status(error.kind());
  } catch (const std::filesystem::filesystem_error& error) {
    tell(fmt::format("{}: cannot be reached: {}; allow reading it, or name another path",
                     error.path1().empty() ? std::string(".") : error.path1().string(), error.code().message()));
    return exit_status(ErrorKind::io);
  } catch (const std::bad_alloc&) {
    tell("out of memory; use a smaller image size or batch");
    return 1;
  } catch (const std::exception& error) {
    tell(fmt::format("{} (this is a fault of the program: please report it with `spinenet checks`)", error.what()));
    return 1;
  }
}

}  // namespace spinenet::cli
