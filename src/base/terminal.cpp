#include "base/terminal.h"

#include <cstdlib>

#include <sys/ioctl.h>

namespace spinenet {
namespace {

constexpr int kUsualColumns = 80;

}  // namespace

int terminal_columns(int descriptor) {
  const char* wished = std::getenv("COLUMNS");
  if (const int columns = wished == nullptr ? 0 : std::atoi(wished); columns > 0) return columns;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kUsualColumns;
}

}  // namespace spinenet
