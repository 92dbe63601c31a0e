#include "base/files.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

class Files : public testing::Test {
 protected:
  std::filesystem::path path(std::string_view name) const { return folder_ / name; }
  size_t count() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

 private:
  fixture::ScratchFolder folder_;
};

// The system's layer, but call number `failing` (from 0) gives the error. A write that fails has written one half.
FileLayer failing_layer(int& calls, int failing, int error) {
  const FileLayer& system = system_file_layer();
  return {
      [&system, &calls, failing, error](int fd, std::span<const char> bytes) {
        if (calls++ != failing) return system.write(fd, bytes);
        system.write(fd, bytes.first(bytes.size() / 2));
        return error;
      },
      [&system, &calls, failing, error](int fd) { return calls++ == failing ? error : system.sync(fd); },
      [&system, &calls, failing, error](const char* from, const char* to) {
        return calls++ == failing ? error : system.rename(from, to);
      },
  };
}

TEST_F(Files, WritesAndReadsBack) {
  const std::string bytes("a\0b\r\n\xFF", 6);
  write_file_atomic(path("f"), bytes);
  EXPECT_EQ(read_file(path("f")), bytes);
  const std::vector<std::string_view> parts{"one ", "", "two"};
  write_file_atomic(path("f"), parts);
  EXPECT_EQ(read_file(path("f")), "one two");
  write_file_atomic(path("f"), "");
  EXPECT_EQ(read_file(path("f")), "");
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, AFaultAtAnyCallKeepsTheOldContent) {
  const std::vector<std::string_view> parts{"new ", "content"};
  int needed = 0;
  write_file_atomic(path("f"), parts, failing_layer(needed, -1, 0));
  ASSERT_EQ(needed, 5) << "two writes, a sync, a rename and the folder's sync";
  // The last call comes after the rename: the new content is in place by then.
  for (int failing = 0; failing < needed - 1; ++failing) {
    for (const int error : {ENOSPC, EIO, EDQUOT}) {
      write_file_atomic(path("f"), "old");
      int calls = 0;
      try {
        write_file_atomic(path("f"), parts, failing_layer(calls, failing, error));
        ADD_FAILURE() << "call " << failing << " failed without a word";
      } catch (const Error& fault) {
        EXPECT_EQ(fault.kind(), ErrorKind::io);
        EXPECT_NE(std::string(fault.what()).find(path("f").string()), std::string::npos) << fault.what();
      }
      EXPECT_EQ(read_file(path("f")), "old") << "call " << failing;
      EXPECT_EQ(count(), 1U) << "a temporary file stayed after call " << failing;
    }
  }
}

TEST_F(Files, AFaultAtTheFirstWriteLeavesNothing) {
  int calls = 0;
  EXPECT_THROW(write_file_atomic(path("f"), "new", failing_layer(calls, 0, ENOSPC)), Error);
  EXPECT_EQ(count(), 0U);
}

TEST_F(Files, WhatCannotBeReadOrWrittenIsNamed) {
  for (const auto& attempt :
       std::vector<std::function<void()>>{[&] { read_file(path("none")); }, [&] { read_file(path("")); },
                                          [&] { write_file_atomic(path("none") / "f", "x"); }}) {
    try {
      attempt();
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_NE(std::string(error.what()).find(path("").string()), std::string::npos) << error.what();
    }
  }
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
