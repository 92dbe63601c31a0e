// The one exception type of the project: a kind, what went wrong, where, and what to do about it.
//
// Throw it with fail(). It is caught only in cli/main, per HTTP request and per trial; expected outcomes are values.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace spinenet {

enum class ErrorKind {
  usage,        // the caller asked for something that does not exist: flag, name, key (exit 2)
  bad_data,     // a file or its content is wrong (exit 65)
  io,           // the operating system refused: missing file, full disk, permission (exit 1)
  unsupported,  // right in itself, but not in this build or on this machine (exit 1)
  failed,       // the work ran and did not succeed: non-finite loss, lost peer (exit 1)
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Throws Error with the message "place: what; remedy". Place and remedy may be empty.
[[noreturn]] void fail(ErrorKind kind, std::string_view what, std::string_view place = {},
                       std::string_view remedy = {});

// Exit status of the command line for each kind.
int exit_status(ErrorKind kind);

}  // namespace spinenet
