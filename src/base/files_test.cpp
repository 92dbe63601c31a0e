#include "base/files.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

TEST(Files, WhatCannotBeReadIsNamed) {
  const fixture::ScratchFolder folder;
  for (const std::filesystem::path& path : {folder / "none", folder.path()}) {
    try {
      read_file(path);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    }
  }
}

TEST(Files, MoreThanIsAskedForIsRefusedByName) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10), "0123456789");
  fixture::put_file(folder / "sparse", "");
  std::filesystem::resize_file(folder / "sparse", uintmax_t{1} << 34);
  const auto refused = [](const std::filesystem::path& path, int64_t most) -> std::string {
    try {
      read_file(path, most);
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      return error.what();
    }
  };
  EXPECT_NE(refused(folder / "ten", 9).find("ten: holds more than 9 bytes"), std::string::npos);
  EXPECT_NE(refused(folder / "sparse", kMostFileBytes).find("sparse: holds more than"), std::string::npos);
  EXPECT_NE(refused("/dev/zero", 1 << 20).find("/dev/zero: holds more than"), std::string::npos);
}

TEST(Checksum, FindsEveryFlippedBit) {
  Random random(1);
  for (const size_t size : {1U, 7U, 8U, 9U, 64U, 100U}) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    const uint64_t whole = checksum(bytes);
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_NE(checksum(flipped), whole) << size << " bytes, bit " << bit;
    }
    EXPECT_NE(checksum(bytes.substr(1)), whole);
    EXPECT_NE(checksum(bytes + '\0'), whole);
    EXPECT_NE(checksum(bytes, 1), whole);
  }
}

TEST(Checksum, SwappedWordsAreFound) {
  EXPECT_NE(checksum("aaaaaaaabbbbbbbb"), checksum("bbbbbbbbaaaaaaaa"));
}

TEST(Checksum, IsTheSameOnEveryMachine) {
  EXPECT_EQ(checksum(""), 0xcbf29ce484222325U);
  EXPECT_EQ(checksum("a"), 0xaf63dc4c8601ec8cU);  // published value of 64-bit FNV-1a: short texts go byte by byte
  EXPECT_EQ(checksum("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace spinenet
