#include "train/class_data.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "image/encode.h"

namespace spinenet::train {
namespace {

namespace fs = std::filesystem;

// Two classes with three images each to learn from and one to measure on.
class ClassFolders : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / fmt::format("spinenet-class-data-{}-{}", test->name(), ::getpid());
    fs::remove_all(root_);
    for (const char* name : {"apple", "pear"}) {
      for (int i = 0; i < 4; ++i) {
        const fs::path folder = root_ / (i < 3 ? "train" : "val") / name;
        fs::create_directories(folder);
        fixture::put_file(folder / fmt::format("{}.png", i), image::encode_png(image::make_image(4, 4, 90)));
      }
    }
    recipe_.root = root_.string();
    recipe_.train_images = "train";
    recipe_.val_images = "val";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string message() const {
    try {
      open_class_data(recipe_);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path root_;
  DataRecipe recipe_;
};

TEST_F(ClassFolders, GiveBothSetsTheClassesOfTheTrainingSet) {
  const ClassData data = open_class_data(recipe_);
  EXPECT_EQ(data.classes.size(), 2U);
  EXPECT_EQ(data.train->size(), 6);
  ASSERT_EQ(data.val->size(), 2);
  EXPECT_EQ(data.val->get(1).label, 1);
}

TEST_F(ClassFolders, WithoutAValidationSetNothingIsMeasured) {
  recipe_.val_images.clear();
  EXPECT_EQ(open_class_data(recipe_).val, nullptr);
}

TEST_F(ClassFolders, APartOfEachClassIsHeldOut) {
  recipe_.hold_out = 0.34;
  const ClassData data = open_class_data(recipe_);
  EXPECT_EQ(data.train->size(), 4);
  EXPECT_EQ(data.val->size(), 2);
}

TEST_F(ClassFolders, MeasuringOnWhatIsLearnedIsRefused) {
  recipe_.val_images = "train";
  EXPECT_NE(message().find("both the training and the validation set"), std::string::npos) << message();
  EXPECT_NE(message().find("data.hold_out"), std::string::npos) << message();
}

TEST_F(ClassFolders, AClassThatIsNotLearnedIsNamed) {
  fs::rename(root_ / "val/pear", root_ / "val/peer");
  EXPECT_NE(message().find("did you mean \"pear\"?"), std::string::npos) << message();
}

}  // namespace
}  // namespace spinenet::train
