#include "api/border.h"

namespace spinenet::api {

Error::Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
Error::Error(const Error&) noexcept = default;
Error& Error::operator=(const Error&) noexcept = default;
Error::~Error() = default;

ErrorKind public_kind(spinenet::ErrorKind kind) {
  switch (kind) {
    case spinenet::ErrorKind::usage:
      return ErrorKind::usage;
    case spinenet::ErrorKind::bad_data:
      return ErrorKind::bad_data;
    case spinenet::ErrorKind::io:
      return ErrorKind::io;
    case spinenet::ErrorKind::unsupported:
      return ErrorKind::unsupported;
    case spinenet::ErrorKind::failed:
      return ErrorKind::failed;
  }
  return ErrorKind::failed;
}

}  // namespace spinenet::api
