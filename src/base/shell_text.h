// Text as a shell reads it.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace spinenet {

// In single quotes, for bash, zsh and the Bourne shell: it's -> 'it'\''s'.
std::string in_quotes(std::string_view text);
// For fish, in whose quotes a backslash has a meaning: it's -> 'it\'s'.
std::string in_fish_quotes(std::string_view text);
// A word of a command line to be copied: as it is where no shell sees anything else in it, else in quotes.
std::string shell_word(std::string_view text);
// Line breaks, and the spaces around them, as one space.
std::string on_one_line(std::string_view text);

}  // namespace spinenet
