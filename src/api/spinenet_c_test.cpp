#include <cstdlib>

#include <spinenet/detector.h>
#include <spinenet/spinenet_c.h>

#include "api/test_models.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "image/encode.h"

namespace spinenet::api {
namespace {

class CApi : public ModelTest {
 protected:
  // An opened model and a detector that finds much.
  void open(arch::Task task) {
    ASSERT_EQ(spinenet_model_open(write(task).c_str(), nullptr, &model_), SPINENET_OK) << spinenet_last_error();
    spinenet_detector_options options = spinenet_detector_defaults();
    EXPECT_FLOAT_EQ(options.score_threshold, 0.3F);
    options.score_threshold = 0;
    options.max_objects = 5;
    ASSERT_EQ(spinenet_detector_create(model_, &options, &detector_), SPINENET_OK) << spinenet_last_error();
  }

  void TearDown() override {
    spinenet_detector_free(detector_);
    spinenet_model_free(model_);
    ModelTest::TearDown();
  }

  spinenet_model* model_ = nullptr;
  spinenet_detector* detector_ = nullptr;
};

TEST_F(CApi, AnswersAsTheOneInCpp) {
  open(arch::Task::segment);
  EXPECT_STREQ(spinenet_model_task(model_), "segment");
  EXPECT_EQ(spinenet_model_image_size(model_), 128);
  ASSERT_EQ(spinenet_model_class_count(model_), 2);
  EXPECT_STREQ(spinenet_model_class_name(model_, 1), "pear");
  EXPECT_EQ(spinenet_model_class_id(model_, 1), 7);
  EXPECT_EQ(spinenet_model_class_name(model_, 2), nullptr);
  const image::Image image = colourful_image(60, 90, 1);
  const spinenet_pixels pixels[2] = {{image.pixels.data(), 60, 90, 0, SPINENET_RGB},
                                     {image.pixels.data(), 60, 90, 0, SPINENET_BGR}};
  spinenet_result* results[2];
  ASSERT_EQ(spinenet_detect(detector_, pixels, 2, results), SPINENET_OK) << spinenet_last_error();
  api::Detector same(api::Model(write(arch::Task::segment)), {.score_threshold = 0, .iou = 0.5F, .max_objects = 5});
  const api::Prediction expected = same.detect(api::Pixels{image.pixels.data(), 60, 90});
  EXPECT_EQ(spinenet_result_height(results[0]), 60);
  EXPECT_EQ(spinenet_result_width(results[0]), 90);
  ASSERT_EQ(spinenet_result_object_count(results[0]), 5U);
  for (size_t i = 0; i < 5; ++i) {
    const spinenet_object& object = spinenet_result_objects(results[0])[i];
    EXPECT_EQ(object.x1, expected.objects[i].box.x1);
    EXPECT_EQ(object.y2, expected.objects[i].box.y2);
    EXPECT_EQ(object.score, expected.objects[i].score);
    EXPECT_EQ(object.class_name, expected.objects[i].class_name);
    std::vector<uint8_t> mask(60 * 90);
    ASSERT_EQ(spinenet_result_mask(results[0], i, mask.data(), mask.size()), SPINENET_OK);
    EXPECT_EQ(mask, api::unpack(expected.objects[i].mask));
  }
  uint8_t small[8];
  EXPECT_EQ(spinenet_result_mask(results[0], 0, small, sizeof small), SPINENET_USAGE);
  EXPECT_EQ(spinenet_result_mask(results[0], 99, small, sizeof small), SPINENET_USAGE);
  for (spinenet_result* result : results) spinenet_result_free(result);
}

TEST_F(CApi, ReadsFilesAndGivesClassScores) {
  open(arch::Task::classify);
  const std::string png = image::encode_png(colourful_image(40, 40, 2));
  fixture::put_file(folder_ / "a.png", png);
  spinenet_result *of_file = nullptr, *of_bytes = nullptr;
  ASSERT_EQ(spinenet_detect_file(detector_, (folder_ / "a.png").c_str(), &of_file), SPINENET_OK);
  ASSERT_EQ(spinenet_detect_encoded(detector_, png.data(), png.size(), &of_bytes), SPINENET_OK);
  ASSERT_EQ(spinenet_result_class_count(of_file), 2U);
  EXPECT_EQ(spinenet_result_object_count(of_file), 0U);
  EXPECT_EQ(spinenet_result_classes(of_file)[0].score, spinenet_result_classes(of_bytes)[0].score);
  EXPECT_GE(spinenet_result_classes(of_file)[0].score, 0.5F);
  spinenet_result_free(of_file);
  spinenet_result_free(of_bytes);
}

TEST_F(CApi, SaysWhatWentWrong) {
  spinenet_model* model = nullptr;
  EXPECT_EQ(spinenet_model_open("/nonexistent.safetensors", nullptr, &model), SPINENET_IO);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(std::string(spinenet_last_error()).find("/nonexistent.safetensors"), std::string::npos);
  fixture::put_file(folder_ / "foreign.safetensors", "no model");
  EXPECT_EQ(spinenet_model_open((folder_ / "foreign.safetensors").c_str(), nullptr, &model), SPINENET_BAD_DATA);
  EXPECT_EQ(spinenet_model_open(nullptr, nullptr, &model), SPINENET_USAGE);
  EXPECT_EQ(spinenet_set_thread_budget(0), SPINENET_USAGE);
  EXPECT_EQ(spinenet_set_thread_budget(1025), SPINENET_USAGE);
  EXPECT_NE(std::string(spinenet_last_error()).find("use 1 to 1024"), std::string::npos);
  open(arch::Task::detect);
  spinenet_result* result = nullptr;
  EXPECT_EQ(spinenet_detect_file(detector_, "/nonexistent.png", &result), SPINENET_IO);
  EXPECT_EQ(spinenet_detect_encoded(detector_, "GIF89a", 6, &result), SPINENET_BAD_DATA);
  EXPECT_EQ(spinenet_detect_file(nullptr, "a.png", &result), SPINENET_USAGE);
  const uint8_t pixel[3] = {1, 2, 3};
  const spinenet_pixels pixels[2] = {{pixel, 1, 1, 0, SPINENET_RGB}, {pixel, 1, 1, 0, 9}};
  spinenet_result* results[2] = {};
  EXPECT_EQ(spinenet_detect(detector_, pixels, 2, results), SPINENET_USAGE);
  EXPECT_NE(std::string(spinenet_last_error()).find("pixel format 9"), std::string::npos);
  EXPECT_EQ(results[0], nullptr);
  ASSERT_EQ(spinenet_detect(detector_, pixels, 1, results), SPINENET_OK);
  EXPECT_EQ(spinenet_result_mask(results[0], 0, nullptr, 0), SPINENET_USAGE);
  uint8_t mask = 0;
  EXPECT_EQ(spinenet_result_mask(results[0], 0, &mask, 1), SPINENET_UNSUPPORTED);
  spinenet_result_free(results[0]);
  spinenet_result_free(nullptr);
}

TEST_F(CApi, AnswersNothingOfNothing) {
  EXPECT_EQ(spinenet_model_task(nullptr), nullptr);
  EXPECT_EQ(spinenet_model_image_size(nullptr), 0);
  EXPECT_EQ(spinenet_model_class_count(nullptr), 0);
  EXPECT_EQ(spinenet_model_class_name(nullptr, 0), nullptr);
  EXPECT_EQ(spinenet_model_class_id(nullptr, 0), 0);
  EXPECT_EQ(spinenet_result_height(nullptr), 0);
  EXPECT_EQ(spinenet_result_width(nullptr), 0);
  EXPECT_EQ(spinenet_result_object_count(nullptr), 0U);
  EXPECT_EQ(spinenet_result_objects(nullptr), nullptr);
  EXPECT_EQ(spinenet_result_class_count(nullptr), 0U);
  EXPECT_EQ(spinenet_result_classes(nullptr), nullptr);
}

TEST_F(CApi, OpensByRuleOrByMeasureAlone) {
  ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  const std::string path = write(arch::Task::classify);
  const auto opened = [&](int choose) {
    const spinenet_model_options options{0, 1, choose, SPINENET_FP32};
    spinenet_model* model = nullptr;
    const spinenet_status status = spinenet_model_open(path.c_str(), &options, &model);
    spinenet_model_free(model);
    return status;
  };
  const std::filesystem::path kept = folder_ / "spinenet" / "choices.json";
  EXPECT_EQ(opened(7), SPINENET_USAGE);
  EXPECT_EQ(opened(SPINENET_CHOOSE_RULE), SPINENET_OK) << spinenet_last_error();
  EXPECT_FALSE(std::filesystem::exists(kept));
  EXPECT_EQ(opened(SPINENET_CHOOSE_MEASURE), SPINENET_OK) << spinenet_last_error();
  EXPECT_TRUE(std::filesystem::exists(kept));
}

TEST_F(CApi, OpensModelsInMemoryInANumberFormat) {
  const std::string bytes = read_file(write(arch::Task::detect));
  const auto opened = [&](size_t size, int precision) {
    const spinenet_model_options options{.image_size = 0, .threads = 1, .choose = 0, .precision = precision};
    spinenet_model* model = nullptr;
    const spinenet_status status = spinenet_model_open_bytes(bytes.data(), size, &options, &model);
    EXPECT_EQ(model != nullptr, status == SPINENET_OK);
    spinenet_model_free(model);
    return status;
  };
  EXPECT_EQ(opened(bytes.size(), SPINENET_FP32), SPINENET_OK) << spinenet_last_error();
  EXPECT_EQ(opened(bytes.size() - 1, SPINENET_FP32), SPINENET_BAD_DATA);
  EXPECT_EQ(opened(bytes.size(), SPINENET_INT8), SPINENET_USAGE);
  EXPECT_NE(std::string(spinenet_last_error()).find("model: the model has no calibration"), std::string::npos)
      << spinenet_last_error();
  const spinenet_status half = opened(bytes.size(), SPINENET_BF16);
  EXPECT_TRUE(half == SPINENET_OK || half == SPINENET_UNSUPPORTED) << spinenet_last_error();
  EXPECT_EQ(opened(bytes.size(), SPINENET_AUTO_PRECISION), SPINENET_OK) << spinenet_last_error();
  EXPECT_EQ(opened(bytes.size(), 4), SPINENET_USAGE);
  spinenet_model* model = nullptr;
  EXPECT_EQ(spinenet_model_open_bytes(nullptr, 0, nullptr, &model), SPINENET_USAGE);
}

TEST_F(CApi, TakesZeroedOptions) {
  open(arch::Task::detect);
  const spinenet_detector_options zero{}, negative{0, 0, -1};
  spinenet_detector* detector = nullptr;
  EXPECT_EQ(spinenet_detector_create(model_, &zero, &detector), SPINENET_OK) << spinenet_last_error();
  spinenet_detector_free(detector);
  EXPECT_EQ(spinenet_detector_create(model_, &negative, &detector), SPINENET_USAGE);
}

}  // namespace
}  // namespace spinenet::api
