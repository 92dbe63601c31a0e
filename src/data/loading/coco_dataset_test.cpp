#include "data/loading/coco_dataset.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "data/coco/coco.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

class CocoData : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    for (int i = 0; i < 3; ++i) {
      spinenet::fixture::put_file(folder_ / fmt::format("{}.png", i),
                                  image::encode_png(image::make_image(40, 60, static_cast<uint8_t>(i))));
      all_.images.push_back({100 + i, fmt::format("{}.png", i), 40, 60});
    }
    all_.categories = {{90, "owl", ""}, {1, "cat", ""}, {3, "dog", ""}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void add(int64_t image, int64_t category, std::array<double, 4> bbox, bool crowd = false) {
    all_.annotations.push_back({1, image, category, bbox, bbox[2] * bbox[3], crowd, {}});
  }
  CocoDataset dataset() const { return {all_, folder_, class_list(all_)}; }
  std::string message_of(int64_t index) const {
    try {
      dataset().get(index);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("data_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  detect::Annotations all_;
};

TEST_F(CocoData, SamplesHaveTheirOwnBoxesInTheOrderOfTheFile) {
  add(102, 3, {1, 2, 10, 20});
  add(100, 90, {5, 5, 5, 5});
  add(102, 1, {0, 0, 60, 40}, true);
  add(102, 3, {1, 2, 3, 4});
  const CocoDataset data = dataset();
  ASSERT_EQ(data.size(), 3);
  const LabelledImage last = data.get(2);
  EXPECT_EQ(last.image_id, 102);
  EXPECT_EQ(last.image.at(39, 59)[0], 2);
  ASSERT_EQ(last.targets.size(), 3U);
  EXPECT_EQ(last.targets[0].box, (detect::Box{1, 2, 11, 22}));
  EXPECT_EQ(last.targets[0].label, 2);
  EXPECT_FALSE(last.targets[0].crowd);
  EXPECT_EQ(last.targets[1].label, 1);
  EXPECT_TRUE(last.targets[1].crowd);
  EXPECT_EQ(last.targets[2].box, (detect::Box{1, 2, 4, 6}));
  EXPECT_EQ(data.get(0).targets[0].label, 0);
  EXPECT_TRUE(data.get(1).targets.empty()) << "an image without boxes is a sample, too";
  EXPECT_EQ(data.file_name(1), "1.png");
}

TEST_F(CocoData, MasksFollowTheirObjects) {
  add(102, 3, {1, 2, 10, 20});
  add(100, 90, {5, 5, 5, 5});
  add(102, 1, {0, 0, 60, 40}, true);
  add(102, 3, {1, 2, 0, 4});  // no area: left out
  add(102, 3, {1, 2, 3, 4});
  all_.annotations[0].segmentation.polygons = {{1, 2, 11, 2, 11, 22}};
  all_.annotations[2].segmentation.rle = detect::rle_from_box(std::array<double, 4>{0, 0, 60, 40}, 40, 60);
  all_.annotations[3].segmentation.polygons = {{1, 2, 1, 4, 1, 6}};
  all_.annotations[4].segmentation.rle = detect::rle_from_box(std::array<double, 4>{1, 2, 3, 4}, 40, 60);
  const CocoDataset data = dataset();
  const LabelledImage last = data.get(2);
  ASSERT_EQ(last.masks.size(), 3U);
  EXPECT_EQ(last.masks[0].shape.polygons, all_.annotations[0].segmentation.polygons);
  EXPECT_TRUE(last.masks[1].shape.empty()) << "of a crowd region";
  EXPECT_EQ(last.masks[2].shape.rle, all_.annotations[4].segmentation.rle);
  ASSERT_EQ(data.get(0).masks.size(), 1U);
  EXPECT_TRUE(data.get(0).masks[0].shape.empty());
  EXPECT_EQ(data.masks(), 2);
  EXPECT_EQ(data.missing_masks(), 1);
}

TEST_F(CocoData, ASetWithoutMasksHoldsNone) {
  add(102, 3, {1, 2, 10, 20});
  const CocoDataset data = dataset();
  EXPECT_TRUE(data.get(2).masks.empty());
  EXPECT_EQ(data.masks(), 0);
  EXPECT_EQ(data.missing_masks(), 0);
}

TEST_F(CocoData, BoxesAreClippedAndDegenerateOnesDropped) {
  add(100, 1, {-5, 30, 15, 20});
  add(100, 1, {10, 10, 0, 5});
  add(100, 1, {70, 10, 5, 5});
  add(100, 1, {20, 10, 1e-9, 5});
  const CocoDataset data = dataset();
  ASSERT_EQ(data.targets(0).size(), 1U);
  EXPECT_EQ(data.targets(0)[0].box, (detect::Box{0, 30, 10, 40}));
  EXPECT_EQ(data.dropped_boxes(), 3);
}

TEST_F(CocoData, UnknownImagesAndClassesAreRefused) {
  add(100, 1, {1, 2, 3, 4});
  EXPECT_THROW(CocoDataset(all_, folder_, {{3, "dog", ""}}), Error);
  EXPECT_THROW(CocoDataset(all_, folder_ / "nowhere", class_list(all_)), Error);
  add(7, 1, {1, 2, 3, 4});
  EXPECT_THROW(dataset(), Error);
}

TEST_F(CocoData, BrokenMissingAndOtherwiseSizedImagesAreNamed) {
  const std::string whole = read_file(folder_ / "0.png");
  spinenet::fixture::put_file(folder_ / "0.png", std::string_view(whole).substr(0, whole.size() - 20));
  std::filesystem::remove(folder_ / "1.png");
  spinenet::fixture::put_file(folder_ / "2.png", image::encode_png(image::make_image(60, 40)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(message_of(i).find(fmt::format("{}.png", i)), std::string::npos) << message_of(i);
  }
  EXPECT_NE(message_of(2).find("60 x 40"), std::string::npos) << message_of(2);
}

TEST_F(CocoData, NamesNeverLeaveTheFolder) {
  all_.images[0].file_name = "../0.png";
  EXPECT_THROW(dataset().get(0), Error);
}

TEST_F(CocoData, ThreadsReadTheSameSamples) {
  for (int i = 0; i < 60; ++i) add(100 + i % 3, 1, {1.0 * (i % 50), 2, 3, 4});
  const CocoDataset data = dataset();
  std::vector<std::thread> threads;
  std::array<bool, 4> right{};
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      bool all_right = true;
      for (int64_t i = 0; i < 30; ++i) {
        const LabelledImage sample = data.get(i % 3);
        all_right = all_right && sample.image.at(0, 0)[0] == i % 3 && sample.targets.size() == 20;
      }
      right[t] = all_right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, (std::array<bool, 4>{true, true, true, true}));
}

// The size of COCO's training split.
TEST_F(CocoData, IndexOfALargeSetIsSmall) {
  Random random(1);
  detect::Annotations large;
  large.categories = {{1, "cat", ""}};
  for (int64_t i = 0; i < 118'287; ++i) large.images.push_back({i, fmt::format("{:012}.jpg", i), 480, 640});
  for (int64_t i = 0; i < 860'001; ++i) {
    large.annotations.push_back({i, random.below(118'287), 1, {1, 2, random.uniform(1, 600), 4}, 8, false, {}});
  }
  const CocoDataset data(large, folder_, class_list(large));
  EXPECT_LT(data.index_bytes(), int64_t{40} << 20);
  int64_t boxes = 0;
  for (int64_t i = 0; i < data.size(); ++i) boxes += static_cast<int64_t>(data.targets(i).size());
  EXPECT_EQ(boxes, 860'001);
  EXPECT_EQ(data.file_name(118'286), "000000118286.jpg");
}

TEST(CocoDataset, RealImagesDecodeInTheSizeOfTheirAnnotations) {
  const std::filesystem::path data = std::filesystem::path(SPINENET_SHARED_DIR) / "data" / "coco_cc";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no shared data sets on this machine";
  const detect::Annotations all = read_coco(data / "annotations/val.json");
  const std::filesystem::path images =
      std::filesystem::exists(data / "images/val") ? data / "images/val" : data / "images";
  const CocoDataset set(all, images, class_list(all));
  ASSERT_EQ(set.size(), 24);
  for (int64_t i = 0; i < set.size(); ++i) {
    const LabelledImage sample = set.get(i);
    for (const Target& target : sample.targets) {
      EXPECT_LE(target.box.x2, static_cast<float>(sample.image.width));
      EXPECT_LE(target.box.y2, static_cast<float>(sample.image.height));
    }
  }
}

}  // namespace
}  // namespace spinenet::data
