#include "formats/import/darknet.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/import/pytorch_fixture.h"

namespace spinenet::formats {
namespace {

const std::vector<DarknetLayer> kTestLayers{{2, 3, 1, true}, {1, 2, 3, false}};

std::string darknet_file(int minor, size_t floats) {
  std::string bytes =
      fixture::number_bytes(int32_t{0}) + fixture::number_bytes(int32_t{minor}) + fixture::number_bytes(int32_t{5});
  bytes += minor >= 2 ? fixture::number_bytes(uint64_t{32'013'312}) : fixture::number_bytes(uint32_t{7});
  for (size_t i = 0; i < floats; ++i) bytes += fixture::number_bytes(static_cast<float>(i));
  return bytes;
}

std::string darknet_refusal(const std::string& bytes) {
  try {
    read_darknet(FileBytes::of(bytes, "a.weights"), kTestLayers);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "read";
}

TEST(Darknet, LayersFollowEachOtherBehindEitherHeader) {
  EXPECT_EQ(floats_of(kTestLayers), 33);
  for (const int minor : {1, 2}) {
    const SourceTensors source = read_darknet(FileBytes::of(darknet_file(minor, 33), "a.weights"), kTestLayers);
    const auto first = [&](const char* name) { return source.tensors.at(name).read().front(); };
    EXPECT_EQ(source.tensors.size(), 7U);
    EXPECT_EQ(first("0.biases"), 0);
    EXPECT_EQ(first("0.scales"), 2);
    EXPECT_EQ(first("0.rolling_mean"), 4);
    EXPECT_EQ(first("0.rolling_variance"), 6);
    EXPECT_EQ(first("0.weights"), 8);
    EXPECT_EQ(first("1.biases"), 14);
    EXPECT_EQ(source.tensors.at("1.weights").shape, (std::vector<int64_t>{1, 2, 3, 3}));
    EXPECT_EQ(source.tensors.at("1.weights").read().back(), 32);
  }
}

TEST(Darknet, OtherLengthsAndHeadersAreRefused) {
  EXPECT_NE(darknet_refusal(darknet_file(2, 32)).find("need 132 and its header 20"), std::string::npos);
  EXPECT_NE(darknet_refusal(darknet_file(2, 34)).find("has 156 bytes"), std::string::npos);
  EXPECT_NE(darknet_refusal(darknet_file(2, 33) + "x"), "read");
  for (const char* text : {"", "short", "a text that is longer than a header"}) {
    EXPECT_NE(darknet_refusal(text).find("version of a Darknet file"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace spinenet::formats
