#include "data/classes/fashion_mnist.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "data/scenes/silhouette.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

void write_gz(const fs::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  gzclose(file);
}

std::string idx(uint8_t dimensions, const std::vector<uint32_t>& shape, const std::string& content) {
  std::string bytes = {0, 0, 8, static_cast<char>(dimensions)};
  for (const uint32_t n : shape) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift);
  }
  return bytes + content;
}

class FashionMnistFiles : public testing::Test {
 protected:
  FashionMnistFiles() {
    fs::create_directories(folder_);
    write_images(idx(3, {2, 28, 28}, std::string(kGarmentPixels, 'a') + std::string(kGarmentPixels, 'b')));
    write_labels(idx(1, {2}, {3, 9}));
  }
  ~FashionMnistFiles() override { fs::remove_all(folder_); }

  void write_images(const std::string& bytes) { write_gz(folder_ / "train-images-idx3-ubyte.gz", bytes); }
  void write_labels(const std::string& bytes) { write_gz(folder_ / "train-labels-idx1-ubyte.gz", bytes); }
  std::string message() {
    try {
      read_fashion_mnist(folder_, GarmentSplit::train);
    } catch (const Error& error) {
      kind_ = error.kind();
      return error.what();
    }
    return "no error";
  }

  fs::path folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  ErrorKind kind_ = ErrorKind::failed;
};

TEST_F(FashionMnistFiles, AreReadWhole) {
  const FashionMnist garments = read_fashion_mnist(folder_, GarmentSplit::train);
  ASSERT_EQ(garments.size(), 2);
  EXPECT_EQ(garments.labels, (std::vector<uint8_t>{3, 9}));
  EXPECT_EQ(garments.image(0)[0], 'a');
  EXPECT_EQ(garments.image(1)[kGarmentPixels - 1], 'b');
}

TEST_F(FashionMnistFiles, AbsentOnesNameThePackage) {
  fs::remove(folder_ / "train-labels-idx1-ubyte.gz");
  EXPECT_NE(message().find("dataset-fashion-mnist"), std::string::npos);
  EXPECT_EQ(kind_, ErrorKind::io);
}

TEST_F(FashionMnistFiles, EveryFaultIsNamed) {
  write_images(idx(3, {2, 28, 28}, std::string(kGarmentPixels, 'a')));
  EXPECT_NE(message().find("cut off"), std::string::npos);
  write_images(idx(3, {1, 28, 28}, std::string(kGarmentPixels + 1, 'a')));
  EXPECT_NE(message().find("more than its header"), std::string::npos);
  write_images(idx(3, {1, 28, 28}, std::string(kGarmentPixels, 'a')));
  EXPECT_NE(message().find("another number"), std::string::npos);
  write_images(idx(3, {0xffffffff, 28, 28}, ""));
  EXPECT_NE(message().find("4294967295 items"), std::string::npos);
  write_images(idx(3, {2, 29, 28}, ""));
  EXPECT_NE(message().find("28 pixels"), std::string::npos);
  write_images(idx(1, {2}, ""));
  EXPECT_NE(message().find("magic"), std::string::npos);
  EXPECT_EQ(kind_, ErrorKind::bad_data);
}

TEST_F(FashionMnistFiles, ACutGzipStreamIsRefused) {
  const fs::path images = folder_ / "train-images-idx3-ubyte.gz";
  fs::resize_file(images, fs::file_size(images) / 2);
  EXPECT_NE(message().find("cut off"), std::string::npos);
  EXPECT_EQ(kind_, ErrorKind::bad_data);
}

TEST_F(FashionMnistFiles, LabelsAboveNineAreRefused) {
  write_labels(idx(1, {2}, {3, 10}));
  EXPECT_NE(message().find("label above 9"), std::string::npos);
}

TEST(Silhouette, TakesTheHandleOfABagAsAGapButNotADarkPrint) {
  std::array<uint8_t, kGarmentPixels> photo{};
  const auto fill = [&](int y1, int y2, int x1, int x2, uint8_t value) {
    for (int y = y1; y < y2; ++y) {
      for (int x = x1; x < x2; ++x) photo[y * kGarmentSize + x] = value;
    }
  };
  fill(2, 26, 4, 24, 200);
  fill(4, 10, 8, 20, 0);
  fill(16, 20, 8, 20, 0);
  const auto at = [](const auto& flags, int y, int x) { return flags[y * kGarmentSize + x]; };
  const auto bag = silhouette(photo, 8);
  EXPECT_FALSE(at(bag, 6, 10));
  EXPECT_TRUE(at(bag, 18, 10));
  EXPECT_FALSE(at(bag, 0, 0));
  EXPECT_TRUE(at(bag, 2, 4));
  EXPECT_TRUE(at(silhouette(photo, 0), 6, 10));
  EXPECT_FALSE(at(silhouette(photo, 5), 18, 10));
}

TEST(Silhouette, OfABlackPhotographStillGivesARelief) {
  const std::array<uint8_t, kGarmentPixels> black{};
  const Relief relief = make_relief(black, 0);
  EXPECT_EQ(relief.y2 - relief.y1, kGarmentSize);
  EXPECT_EQ(sample(relief, 14, 14).cover, 0);
}

}  // namespace
}  // namespace spinenet::data
