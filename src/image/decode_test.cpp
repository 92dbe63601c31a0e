#include "image/decode.h"

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/output_fixture.h"
#include "image/encode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

namespace fs = std::filesystem;

class DecodeFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path store(const std::string& name, const std::string& bytes) const {
    fixture::put_file(folder_ / name, bytes);
    return folder_ / name;
  }

  fs::path folder_;
};

TEST_F(DecodeFiles, TheNameDoesNotMatter) {
  const Image picture = noise_image(6, 9, 1);
  const fs::path path = store("here.jpg", encode_png(picture));
  EXPECT_TRUE(same_pixels(read_image(path), picture));
  EXPECT_EQ(read_image_size(path), (ImageSize{6, 9}));
  EXPECT_EQ(read_image(store("here.png", encode_jpeg(picture))).width, 9);
}

TEST_F(DecodeFiles, SizeIsFoundBehindALongHeader) {
  const std::string jpeg = encode_jpeg(smooth_image(20, 30));
  std::string file = jpeg.substr(0, 2);
  for (int i = 0; i < 3; ++i) file += "\xFF\xE2\xFF\xFF" + std::string(0xFFFD, 'x');  // as colour profiles do
  file += jpeg.substr(2);
  EXPECT_EQ(read_image_size(store("here.jpg", file)), (ImageSize{20, 30}));
  EXPECT_EQ(read_image(store("here.jpg", file)).height, 20);
}

TEST_F(DecodeFiles, AMissingFileIsAnIoError) {
  for (const bool pixels : {true, false}) {
    try {
      pixels ? void(read_image(folder_ / "none.jpg")) : void(read_image_size(folder_ / "none.jpg"));
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_NE(std::string(error.what()).find("none.jpg"), std::string::npos);
    }
  }
}

TEST_F(DecodeFiles, AFileOverTheLimitIsNotRead) {
  const fs::path path = store("here.jpg", encode_png(noise_image(10, 10, 2)));
  bad_data_message([&] { read_image(path, {.max_bytes = 100}); });
  fs::resize_file(path, uint64_t{1} << 40);  // sparse
  bad_data_message([&] { read_image(path); });
}

TEST(Decode, OtherBytesAreNamed) {
  const auto message = [](const std::string& bytes) {
    bad_data_message([&] { image_size(bytes_of(bytes), "here.jpg"); });
    return bad_data_message([&] { decode_image(bytes_of(bytes), "here.jpg"); });
  };
  EXPECT_NE(message("").find("empty"), std::string::npos);
  EXPECT_NE(message(std::string(100, '\0')).find("00 00"), std::string::npos);
  EXPECT_NE(message("GIF89a...").find("GIF"), std::string::npos);
  EXPECT_NE(message(std::string("\0\0\0\x18", 4) + "ftypheic").find("HEIC"), std::string::npos);
  EXPECT_NE(message(std::string("RIFF\0\0\0\0WEBPVP8 ", 16)).find("WebP header"), std::string::npos);
  EXPECT_NE(message(std::string("II*\0\x08\0\0\0", 8)).find("TIFF header"), std::string::npos);
  EXPECT_NE(message("BM" + std::string(12, '\0') + std::string("\x28\0\0\0", 4)).find("BMP header"), std::string::npos);
  EXPECT_NE(message("<html>not found</html>").find("give a JPEG, PNG, WebP, TIFF or BMP image"), std::string::npos);
  EXPECT_NE(message("\xFF\xD8\xFF").find("JPEG header"), std::string::npos);
  EXPECT_NE(message("\x89PNG\r\n\x1A\n").find("PNG header"), std::string::npos);
}

TEST(Decode, LimitsCountPixelsOfBothFormats) {
  const Image picture = smooth_image(10, 10);
  for (const std::string& file : {encode_png(picture), encode_jpeg(picture)}) {
    EXPECT_EQ(decode_image(bytes_of(file), "here.jpg", {.max_pixels = 100}).height, 10);
    bad_data_message([&] { decode_image(bytes_of(file), "here.jpg", {.max_pixels = 99}); });
    EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{10, 10}));
  }
}

// Such an image took seconds and a gigabyte, of which nearly all went into its rows.
TEST_F(DecodeFiles, SidesAndTheirRatioAreLimited) {
  const auto file_of = [](int height, int width) { return encode_png(make_image(height, width)); };
  const auto objection = [](int height, int width) { return objection_to({height, width}); };
  EXPECT_EQ(objection(1, 1000), "");
  EXPECT_EQ(objection(65535, 66), "");
  EXPECT_NE(objection(1001, 1).find("1000 for the ratio of its sides"), std::string::npos);
  EXPECT_NE(objection(66000, 100).find("65535 pixels a side"), std::string::npos);
  EXPECT_NE(objection(67000000, 1).find("65535 pixels a side"), std::string::npos);
  EXPECT_NE(objection(INT32_MAX, INT32_MAX).find("67108864 pixels"), std::string::npos);
  const std::string narrow = file_of(1001, 1);
  for (const DecodeLimits& limits : {DecodeLimits{}, DecodeLimits{.max_side = 1000, .max_ratio = 2000}}) {
    const std::string message = bad_data_message([&] { decode_image(bytes_of(narrow), "here.jpg", limits); });
    EXPECT_NE(message.find("1001 x 1 (height x width)"), std::string::npos) << message;
    EXPECT_NE(message.find("cut it into parts"), std::string::npos) << message;
  }
  EXPECT_EQ(decode_image(bytes_of(narrow), "here.jpg", {.max_ratio = 1001}).height, 1001);
  const fs::path path = store("here.jpg", narrow);
  bad_data_message([&] { read_image_size(path); });
  EXPECT_EQ(image_size(bytes_of(narrow), "here.jpg"), (ImageSize{1001, 1})) << "from bytes, no limit applies";
}

TEST(Decode, ManyThreadsReadTheSamePixels) {
  const std::string jpeg = encode_jpeg(smooth_image(60, 70), 90);
  const std::string cut = jpeg.substr(0, jpeg.size() * 3 / 4);
  const Image expected = decode_image(bytes_of(jpeg), "here.jpg");
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        if (!same_pixels(decode_image(bytes_of(jpeg), "here.jpg"), expected)) ++wrong[t];
        try {
          decode_image(bytes_of(cut), "here.jpg");
          ++wrong[t];
        } catch (const Error&) {
          continue;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Decode, RealImagesHaveTheSizesTheirAnnotationsName) {
  const fs::path folder = fs::path(SPINENET_SHARED_DIR) / "data" / "coco_cc";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder;
  int images = 0;
  for (const char* part : {"train", "val"}) {
    const Json annotations = read_json(folder / "annotations" / (std::string(part) + ".json"));
    for (const Json& entry : annotations.at("images")) {
      const ImageSize size{entry.at("height").get<int>(), entry.at("width").get<int>()};
      const fs::path path = folder / "images" / entry.at("file_name").get<std::string>();
      EXPECT_EQ(read_image_size(path), size) << path;
      const Image image = read_image(path);
      EXPECT_EQ((ImageSize{image.height, image.width}), size) << path;
      ++images;
    }
  }
  EXPECT_GT(images, 0);
}

}  // namespace
}  // namespace spinenet::image
