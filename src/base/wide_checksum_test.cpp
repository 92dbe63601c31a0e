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

TEST(WideChecksum, GoesOnFromASeed) {
  EXPECT_NE(wide_checksum("a", 1), wide_checksum("a", 2));
  EXPECT_EQ(wide_checksum("a", 1), wide_checksum("a", 1));
}

}  // namespace
}  // namespace spinenet
