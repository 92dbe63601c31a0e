#include <cmath>
#include <thread>

#include <spinenet/detector.h>

#include "api/test_models.h"
#include "base/files.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "image/encode.h"
#include "runtime/networks.h"
#include "runtime/object_finder.h"

namespace spinenet::api {
namespace {

class DetectorApi : public ModelTest {};

const runtime::DetectorOptions kMany{.score_threshold = 0.0F, .iou = 0.5F, .max_objects = 9};

Pixels view(const image::Image& image) {
  return {image.pixels.data(), image.height, image.width, 0, PixelFormat::rgb};
}

void expect_same(const Answer& a, const Answer& b) {
  ASSERT_EQ(a.objects.size(), b.objects.size());
  ASSERT_EQ(a.classes.size(), b.classes.size());
  EXPECT_EQ(a.height, b.height);
  for (size_t i = 0; i < a.objects.size(); ++i) {
    EXPECT_EQ(a.objects[i].score, b.objects[i].score);
    EXPECT_EQ(a.objects[i].box.x2, b.objects[i].box.x2);
    EXPECT_EQ(a.objects[i].class_id, b.objects[i].class_id);
    EXPECT_EQ(a.objects[i].mask.counts, b.objects[i].mask.counts);
  }
  for (size_t i = 0; i < a.classes.size(); ++i) EXPECT_EQ(a.classes[i].score, b.classes[i].score);
}

// What the model finds without this interface.
std::vector<detect::Detection> found_below(const std::string& path, const image::Image& image) {
  const runtime::Model model = runtime::open_model(path);
  const auto run = [](const graph::Program& program, const Weights& weights) {
    return engine::engine_forward(engine::compile(program, weights, {}));
  };
  const runtime::FinderOptions options{.image_size = 0, .post = {.score_threshold = 0.0F, .max_detections = 9}};
  return make_object_finder(model, options, runtime::forwards_of(model, 0, run))({&image, 1}).front();
}

TEST_F(DetectorApi, FindsWhatTheModelFinds) {
  const image::Image image = colourful_picture(70, 110, 1);
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment}) {
    const Model model(write(task));
    EXPECT_EQ(model.task(), name_of(task));
    EXPECT_EQ(model.image_size(), 128);
    EXPECT_EQ(model.threads(), thread_budget());
    const Answer answer = Detector(model, kMany).detect(view(image));
    const std::vector<detect::Detection> expected = found_below(write(task), image);
    EXPECT_EQ(answer.height, 70);
    EXPECT_EQ(answer.width, 110);
    ASSERT_EQ(answer.objects.size(), 9U);
    ASSERT_EQ(expected.size(), 9U);
    for (size_t i = 0; i < expected.size(); ++i) {
      const Object& object = answer.objects[i];
      EXPECT_EQ(object.box.x1, expected[i].box.x1);
      EXPECT_EQ(object.box.y2, expected[i].box.y2);
      EXPECT_EQ(object.score, expected[i].score);
      EXPECT_EQ(object.class_id, expected[i].label == 0 ? 3 : 7);
      EXPECT_EQ(object.class_name, model.classes()[static_cast<size_t>(object.label)].name);
      EXPECT_EQ(object.mask.counts, expected[i].mask.counts);
      EXPECT_EQ(object.mask.counts.empty(), task == arch::Task::detect);
      if (!object.mask.counts.empty()) {
        EXPECT_EQ(unpack(object.mask), detect::decode_mask(expected[i].mask));
      }
    }
    EXPECT_TRUE(answer.classes.empty());
  }
}

TEST_F(DetectorApi, GivesTheScoresOfAllClassesBestFirst) {
  Detector detector((Model(write(arch::Task::classify))));
  const image::Image image = colourful_picture(40, 50, 3);
  const Answer answer = detector.detect(view(image));
  ASSERT_EQ(answer.classes.size(), 2U);
  EXPECT_GE(answer.classes[0].score, answer.classes[1].score);
  EXPECT_NEAR(answer.classes[0].score + answer.classes[1].score, 1, 1e-6);
  EXPECT_EQ(answer.classes[0].class_id + answer.classes[1].class_id, 10);
  EXPECT_TRUE(answer.objects.empty());
}

TEST_F(DetectorApi, TakesPixelsInEveryLayout) {
  Detector detector(Model(write(arch::Task::detect)), kMany);
  const image::Image image = colourful_picture(60, 80, 1);
  const Answer expected = detector.detect(view(image));

  const int64_t stride = 3 * 80 + 7;
  std::vector<uint8_t> gapped(static_cast<size_t>(stride * 60), 255), bgr;
  for (int y = 0; y < 60; ++y) std::copy_n(image.at(y, 0), 3 * 80, gapped.data() + y * stride);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    bgr.insert(bgr.end(), {image.pixels[i + 2], image.pixels[i + 1], image.pixels[i]});
  }
  expect_same(detector.detect({gapped.data(), 60, 80, stride, PixelFormat::rgb}), expected);
  expect_same(detector.detect({bgr.data(), 60, 80, 0, PixelFormat::bgr}), expected);

  image::Image equal = image::make_image(60, 80);
  std::vector<uint8_t> gray;
  for (size_t i = 0; i < equal.pixels.size(); i += 3) {
    gray.push_back(image.pixels[i]);
    std::fill_n(equal.pixels.begin() + static_cast<std::ptrdiff_t>(i), 3, image.pixels[i]);
  }
  expect_same(detector.detect({gray.data(), 60, 80, 0, PixelFormat::gray}), detector.detect(view(equal)));
}

TEST_F(DetectorApi, TakesFilesAndBatches) {
  Detector detector(Model(write(arch::Task::detect)), kMany);
  std::vector<image::Image> images;
  std::vector<Pixels> views;
  for (int i = 0; i < 11; ++i) images.push_back(colourful_picture(40 + i, 90 - i, i));
  for (const image::Image& image : images) views.push_back(view(image));
  const std::vector<Answer> answers = detector.detect(views);
  ASSERT_EQ(answers.size(), views.size());
  for (size_t i = 0; i < views.size(); ++i) expect_same(answers[i], detector.detect(views[i]));
  EXPECT_TRUE(detector.detect(std::span<const Pixels>()).empty());

  const std::string png = image::encode_png(images[0]);
  write_file_atomic(folder_ / "a.png", png);
  expect_same(detector.detect_file((folder_ / "a.png").string()), answers[0]);
  expect_same(detector.detect_encoded(std::as_bytes(std::span(png))), answers[0]);
}

TEST_F(DetectorApi, RefusesWhatMakesNoSense) {
  const std::string path = write(arch::Task::detect);
  const Model model(path);
  Detector detector(model);
  const image::Image image = colourful_picture(20, 30, 1);
  const auto detect = [&](const Pixels& pixels) { return thrown_by([&] { detector.detect(pixels); }); };
  EXPECT_NE(detect({nullptr, 20, 30}).find("without data"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 0, 30}).find("0 x 30 (height x width)"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 20, 30, 89}).find("89 bytes from row to row"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 1 << 20, 1 << 20}).find("67108864 pixels fit"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 1, 30, int64_t{1} << 40}).find("within 1099511627776 bytes"),
            std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 20, 30, INT64_MAX}).find("within 1099511627776 bytes"), std::string::npos);
  const auto make = [&](const runtime::DetectorOptions& options) {
    return thrown_by([&] { Detector(model, options); });
  };
  EXPECT_NE(make({.score_threshold = NAN}).find("score threshold of nan"), std::string::npos);
  EXPECT_NE(make({.iou = 2}).find("overlap of 2"), std::string::npos);
  EXPECT_NE(make({.max_objects = 0}).find("0 objects"), std::string::npos);
  const auto open = [&](const ModelOptions& options) { return thrown_by([&] { Model(path, options); }); };
  EXPECT_NE(open({.image_size = -1}).find("image size -1"), std::string::npos);
  EXPECT_NE(open({.threads = thread_budget() + 1}).find("threads of a budget"), std::string::npos);
  EXPECT_NE(thrown_by([&] { unpack({}); }).find("only models that segment"), std::string::npos);
  EXPECT_NE(thrown_by([&] { detector.detect_file("/nonexistent.png"); }).find("/nonexistent.png"), std::string::npos);
}

// Eight sessions on one model, more than there are threads: the same answers, and none too many at once.
TEST_F(DetectorApi, ManySessionsShareAModel) {
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment, arch::Task::classify}) {
    for (const int threads : {1, 0}) {
      const Model model(write(task), {.image_size = 0, .threads = threads});
      const image::Image first = colourful_picture(50, 64, 1), second = colourful_picture(64, 33, 2);
      Detector alone(model, kMany);
      const Answer of_first = alone.detect(view(first)), of_second = alone.detect(view(second));
      std::vector<std::thread> sessions;
      for (int s = 0; s < 8; ++s) {
        sessions.emplace_back([&] {
          Detector detector(model, kMany);
          for (int i = 0; i < 3; ++i) {
            expect_same(detector.detect(view(first)), of_first);
            expect_same(detector.detect(view(second)), of_second);
          }
        });
      }
      for (std::thread& session : sessions) session.join();
    }
  }
}

}  // namespace
}  // namespace spinenet::api
