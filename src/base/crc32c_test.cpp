#include "base/crc32c.h"

#include <string>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);            // check value of the Castagnoli catalogue entry
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

TEST(Crc32c, PartsGiveTheSumOfTheWhole) {
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Crc32c, MaskTurnsAndAdds) {
  EXPECT_EQ(masked_crc32c(0), 0xA282EAD8U);
  EXPECT_EQ(masked_crc32c(0x8000U), 0xA282EAD9U);
}

}  // namespace
}  // namespace spinenet
