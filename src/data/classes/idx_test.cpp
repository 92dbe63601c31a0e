#include "data/classes/idx.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"

namespace spinenet::data {
namespace {

using namespace std::string_literals;

constexpr std::array<uint32_t, 2> kShape{1, 2};
const std::string kTwoItems = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02"s + "abcd";

std::string gzipped(std::string bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string read(const std::string& bytes) {
  try {
    const std::vector<uint8_t> items = parse_idx({bytes, "the file", "the remedy"}, kShape);
    return {items.begin(), items.end()};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
}

TEST(Idx, IsReadPlainGzippedAndInSeveralGzipParts) {
  EXPECT_EQ(read(kTwoItems), "abcd");
  EXPECT_EQ(read(gzipped(kTwoItems)), "abcd");
  EXPECT_EQ(read(gzipped(kTwoItems.substr(0, 18)) + gzipped(kTwoItems.substr(18))), "abcd");
}

TEST(Idx, EveryFaultIsNamed) {
  const auto expect = [](const std::string& bytes, const char* part) {
    EXPECT_NE(read(bytes).find(part), std::string::npos) << read(bytes);
    EXPECT_NE(read(bytes).find("the remedy"), std::string::npos);
  };
  const std::string zipped = gzipped(kTwoItems);
  for (const size_t size : {size_t{0}, size_t{3}, size_t{10}, kTwoItems.size() - 1}) {
    expect(kTwoItems.substr(0, size), "is cut off");
  }
  for (size_t size = 2; size < zipped.size(); ++size) expect(zipped.substr(0, size), "is cut off");
  expect(kTwoItems + "e", "holds more");
  expect(zipped + "e", "holds more");
  expect(zipped + gzipped("e"), "holds more");
  std::string damaged = zipped;
  damaged[damaged.size() - 6] ^= 1;  // of the checksum
  expect(damaged, "is damaged");
  std::string no_items = kTwoItems;
  no_items[7] = 0;
  expect(no_items, "names 0 items");
}

// As many items as a header may name, and none of them: no memory is taken for what is not there.
TEST(Idx, AHeaderAloneCostsNothing) {
  const std::string header = "\0\0\x08\x03\0\x04\x93\xe0\0\0\0\x01\0\0\0\x02"s;
  EXPECT_NE(read(header).find("is cut off"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::data
