#include "data/coco/plain_lists.h"

#include <cstddef>

namespace spinenet::data {
namespace {

// Steps through a text; 0 stands for its end, which no part of a list is.
class Steps {
 public:
  Steps(std::string_view text, size_t at) : at_(text.data() + at), end_(text.data() + text.size()) {}

  char here() const { return at_ < end_ ? *at_ : '\0'; }
  const char* place() const { return at_; }
  void skip_space() {
    while (here() == ' ' || here() == '\n' || here() == '\r' || here() == '\t') ++at_;
  }
  bool take(char c) {
    if (here() != c) return false;
    ++at_;
    return true;
  }
  bool take_number() {
    constexpr std::ptrdiff_t kLongest = 18;
    const char* const begin = at_;
    take('-');
    if (!take('0') && !take_digits()) return false;
    if (take('.') && !take_digits()) return false;
    return at_ - begin <= kLongest;  // and what comes next must be a comma or the end of the list
  }
  // After its "[": numbers with commas between them, and the "]".
  bool take_numbers() {
    skip_space();
    if (take(']')) return true;
    while (true) {
      if (!take_number()) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return false;
      skip_space();
    }
  }
  // The same of lists of numbers.
  bool take_lists() {
    while (true) {
      if (!take('[') || !take_numbers()) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return false;
      skip_space();
    }
  }

 private:
  bool take_digits() {
    const char* const begin = at_;
    while (here() >= '0' && here() <= '9') ++at_;
    return at_ > begin;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

void append_without_lists(std::string_view text, std::string_view key, std::string& out) {
  const std::string quoted = '"' + std::string(key) + '"';
  size_t kept = 0;
  for (size_t at = text.find(quoted); at != std::string_view::npos; at = text.find(quoted, at)) {
    at += quoted.size();
    Steps steps(text, at);
    steps.skip_space();
    if (!steps.take(':')) continue;
    steps.skip_space();
    const auto begin = static_cast<size_t>(steps.place() - text.data());
    if (!steps.take('[')) continue;
    steps.skip_space();
    const bool nested = steps.here() == '[';
    if (!(nested ? steps.take_lists() : steps.take_numbers())) continue;
    out.append(text, kept, begin - kept).append(nested ? "[[]]" : "[]");
    kept = at = static_cast<size_t>(steps.place() - text.data());
  }
  out.append(text, kept);
}

}  // namespace spinenet::data
