// The COCO API's text form of a run-length code: each run (from the fourth on, its difference to the run two before) as
// groups of five bits, lowest first, with a sixth bit for "more follows", written as characters from '0' on.
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "detect/mask.h"

namespace spinenet::detect {
namespace {

constexpr int kFirstCharacter = '0';
constexpr int kBitsPerCharacter = 5;
constexpr int kMoreBit = 0x20;
constexpr int kSignBit = 0x10;
constexpr int kMostCharacters = 7;  // 35 bits: any difference of two 32-bit runs

[[noreturn]] void refuse(std::string_view what, size_t at) {
  fail(ErrorKind::bad_data, what, fmt::format("run-length text, character {}", at + 1));
}

// The signed number that begins at text[at]; moves `at` behind it.
int64_t read_number(std::string_view text, size_t& at) {
  const auto only_group = static_cast<unsigned>(text[at] - kFirstCharacter);
  if (only_group < kMoreBit) {  // most numbers are short
    ++at;
    return static_cast<int64_t>(only_group ^ kSignBit) - kSignBit;
  }
  uint64_t bits = 0;
  for (int shift = 0;; shift += kBitsPerCharacter) {
    if (at == text.size()) refuse("cut off within a number", at);
    if (shift == kMostCharacters * kBitsPerCharacter) refuse("a number is too long", at);
    const int group = text[at] - kFirstCharacter;
    if (group < 0 || group >= 2 * kMoreBit) refuse("not a character of this code", at);
    ++at;
    bits |= static_cast<uint64_t>(group & (kMoreBit - 1)) << shift;
    if ((group & kMoreBit) != 0) continue;
    if ((group & kSignBit) != 0) bits |= ~uint64_t{0} << (shift + kBitsPerCharacter);
    return static_cast<int64_t>(bits);
  }
}

}  // namespace

std::string rle_to_text(const Rle& rle) {
  std::string text;
  for (size_t i = 0; i < rle.counts.size(); ++i) {
    int64_t number = rle.counts[i];
    if (i > 2) number -= rle.counts[i - 2];
    bool more = true;
    while (more) {
      int group = static_cast<int>(number & (kMoreBit - 1));
      number >>= kBitsPerCharacter;
      more = (group & kSignBit) != 0 ? number != -1 : number != 0;
      if (more) group |= kMoreBit;
      text.push_back(static_cast<char>(group + kFirstCharacter));
    }
  }
  return text;
}

Rle rle_from_text(std::string_view text, int64_t height, int64_t width) {
  constexpr int64_t kLargestRun = std::numeric_limits<uint32_t>::max();
  if (height < 0 || width < 0 || (width > 0 && height > kLargestRun / width)) {
    fail(ErrorKind::bad_data, fmt::format("a mask cannot be {} x {} pixels (height x width)", height, width));
  }
  Rle rle{height, width, {}};
  rle.counts.reserve(text.size() / 2 + 1);
  int64_t left = height * width;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    int64_t run = read_number(text, at);
    const size_t n = rle.counts.size();
    if (n > 2) run += rle.counts[n - 2];
    if (run < 0 || run > left) {
      refuse(fmt::format("a run of {} pixels where {} are left of {} x {}", run, left, height, width), begin);
    }
    rle.counts.push_back(static_cast<uint32_t>(run));
    left -= run;
  }
  if (left != 0) refuse(fmt::format("the runs leave {} pixels of {} x {} open", left, height, width), text.size());
  return rle;
}

}  // namespace spinenet::detect
