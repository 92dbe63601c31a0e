// Manual pages of section 1, in the macros of man(7): one for the program and one for each command, as
// spinenet-data-check.1, so that `man spinenet-train` and `man spinenet train` find them. The program spinenet-train,
// which does the work of that command, has no page of its own: it is in nobody's PATH.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "manual/command_line.h"

namespace spinenet::manual {

struct Release {
  std::string_view version, date;  // "0.3.0", "2026-11-30"
};

// `words` lead to the command; none: the program. ErrorKind::usage where there is no such command.
std::string man_page(const Command& program, std::span<const std::string> words, const Release& release);

}  // namespace spinenet::manual
