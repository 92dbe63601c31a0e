#include "cli/output.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::cli {

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) throw OutputClosed{};
    if (written < 0) fail(ErrorKind::io, fmt::format("cannot write: {}", std::strerror(errno)), "standard output");
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void print_json(const Json& json) {
  print(to_text(json));
}

}  // namespace spinenet::cli
