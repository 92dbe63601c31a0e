// What the functions of the installed C++ interface throw.
//
// Thread contract: plain values.
#pragma once

#include <stdexcept>
#include <string>

namespace spinenet::api {

enum class ErrorKind {
  usage,        // an argument makes no sense
  bad_data,     // a file is cut, foreign or of another kind, or its checksum does not fit
  io,           // the operating system refused: missing file, permission
  unsupported,  // right in itself, but not in this version or on this machine
  failed,       // anything else
};

// The message names the file, the place and the remedy.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message);
  Error(const Error&) noexcept;
  Error& operator=(const Error&) noexcept;
  ~Error() override;

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace spinenet::api
