// Taking names of parameters apart: "stages.c2.0.bn1.running_mean" into "stages", "c2", "0", "bn1", "running_mean".
//
// Thread contract: pure functions.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::formats {

// Between dots.
inline std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = name.find('.');
    parts.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

// The number at the end of "c12" or "conv3"; -1 where there is none.
inline int number_in(std::string_view part) {
  const size_t digit = part.find_first_of("0123456789");
  if (digit == std::string_view::npos) return -1;
  int value = -1;
  std::from_chars(part.data() + digit, part.data() + part.size(), value);
  return value;
}

// What stands before it: "c", "conv".
inline std::string_view word_in(std::string_view part) {
  return part.substr(0, part.find_first_of("0123456789"));
}

}  // namespace spinenet::formats
