#include "base/error.h"

namespace spinenet {

void fail(ErrorKind kind, std::string_view what, std::string_view place, std::string_view remedy) {
  std::string message;
  if (!place.empty()) message.append(place).append(": ");
  message.append(what);
  if (!remedy.empty()) message.append("; ").append(remedy);
  throw Error(kind, message);
}

int exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return 2;
    case ErrorKind::bad_data:
      return 65;
    case ErrorKind::io:
    case ErrorKind::unsupported:
    case ErrorKind::failed:
      return 1;
  }
  return 1;
}

}  // namespace spinenet
