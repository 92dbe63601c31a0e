#include "base/wide_checksum.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(WideChecksum, SeesEveryBitAndTheLength) {
  std::set<uint64_t> seen;
  const std::string whole(200, 'x');
  for (size_t length = 0; length <= whole.size(); ++length) {
    seen.insert(wide_checksum(std::string_view(whole).substr(0, length)));
  }
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    seen.insert(wide_checksum(flipped));
  }
  EXPECT_EQ(seen.size(), 201U + 1600U);
}

// Words of one lane are 64 bytes apart: what one bit changes, another one in the next word must not undo.
TEST(WideChecksum, SeesPairsOfBitsInWordsOfOneLane) {
  const std::string whole(192, 'x');
  std::set<uint64_t> seen{wide_checksum(whole)};
  const auto flip = [](std::string& text, size_t bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  };
  for (size_t first = 0; first < 64; ++first) {
    for (size_t second = 0; second < 64; ++second) {
      std::string flipped = whole;
      flip(flipped, first);
      flip(flipped, 64 * 8 + second);
      seen.insert(wide_checksum(flipped));
    }
  }
  // The upper sign of one word, and both signs of the next.
  std::string signs = whole;
  for (const size_t bit : {size_t{63}, size_t{64 * 8 + 31}, size_t{64 * 8 + 63}}) flip(signs, bit);
  seen.insert(wide_checksum(signs));
  EXPECT_EQ(seen.size(), 2U + 64U * 64U);
}

TEST(WideChecksum, GoesOnFromASeed) {
  EXPECT_NE(wide_checksum("a", 1), wide_checksum("a", 2));
  EXPECT_EQ(wide_checksum("a", 1), wide_checksum("a", 1));
}

}  // namespace
}  // namespace spinenet
