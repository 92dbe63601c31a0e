#include <atomic>
#include <cmath>
#include <thread>

#include <spinenet/detector.h>

#include "api/border.h"
#include "api/test_models.h"
#include "base/child_process_fixture.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/sanitizer_fixture.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "image/encode.h"
#include "runtime/calibrate_model.h"
#include "runtime/detect_function.h"

namespace spinenet::api {
namespace {

class DetectorApi : public ModelTest {};

const DetectorOptions kMany{.score_threshold = 0.0F, .iou = 0.5F, .max_objects = 9};

Pixels view(const image::Image& image) {
  return {image.pixels.data(), image.height, image.width, 0, PixelFormat::rgb};
}

void expect_same(const Prediction& a, const Prediction& b) {
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
  const auto run = [](const graph::Program& program, const Weights& weights, int, const std::string&) {
    return engine::engine_forward(engine::compile(program, weights, {}));
  };
  const runtime::PreparedModel prepared =
      runtime::prepare(runtime::open_model(path), {.device = "other", .other_device = run});
  return make_detect_function(prepared, {.score_threshold = 0.0F, .max_detections = 9})({&image, 1}).front();
}

TEST_F(DetectorApi, FindsWhatTheModelFinds) {
  const image::Image image = colourful_image(70, 110, 1);
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment}) {
    const Model model(write(task));
    EXPECT_EQ(model.task(), name_of(task));
    EXPECT_EQ(model.image_size(), 128);
    EXPECT_EQ(model.threads(), thread_budget());
    const Prediction answer = Detector(model, kMany).detect(view(image));
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
  const image::Image image = colourful_image(40, 50, 3);
  const Prediction answer = detector.detect(view(image));
  ASSERT_EQ(answer.classes.size(), 2U);
  EXPECT_GE(answer.classes[0].score, answer.classes[1].score);
  EXPECT_NEAR(answer.classes[0].score + answer.classes[1].score, 1, 1e-6);
  EXPECT_EQ(answer.classes[0].class_id + answer.classes[1].class_id, 10);
  EXPECT_TRUE(answer.objects.empty());
}

TEST_F(DetectorApi, TakesPixelsInEveryLayout) {
  Detector detector(Model(write(arch::Task::detect)), kMany);
  const image::Image image = colourful_image(60, 80, 1);
  const Prediction expected = detector.detect(view(image));

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
  for (int i = 0; i < 11; ++i) images.push_back(colourful_image(40 + i, 90 - i, i));
  for (const image::Image& image : images) views.push_back(view(image));
  const std::vector<Prediction> answers = detector.detect(views);
  ASSERT_EQ(answers.size(), views.size());
  for (size_t i = 0; i < views.size(); ++i) expect_same(answers[i], detector.detect(views[i]));
  EXPECT_TRUE(detector.detect(std::span<const Pixels>()).empty());

  const std::string png = image::encode_png(images[0]);
  fixture::put_file(folder_ / "a.png", png);
  expect_same(detector.detect_file((folder_ / "a.png").string()), answers[0]);
  expect_same(detector.detect_encoded(std::as_bytes(std::span(png))), answers[0]);
}

TEST_F(DetectorApi, RefusesWhatMakesNoSense) {
  const std::string path = write(arch::Task::detect);
  const Model model(path);
  Detector detector(model);
  const image::Image image = colourful_image(20, 30, 1);
  const auto detect = [&](const Pixels& pixels) { return thrown_by([&] { detector.detect(pixels); }); };
  EXPECT_NE(detect({nullptr, 20, 30}).find("without data"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 0, 30}).find("0 x 30 (height x width)"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 20, 30, 89}).find("89 bytes from row to row"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 1 << 20, 1 << 20}).find("67108864 pixels"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 1, 60000000}).find("65535 pixels a side"), std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 1, 30, int64_t{1} << 40}).find("within 1099511627776 bytes"),
            std::string::npos);
  EXPECT_NE(detect({image.pixels.data(), 20, 30, INT64_MAX}).find("within 1099511627776 bytes"), std::string::npos);
  const auto make = [&](const DetectorOptions& options) { return thrown_by([&] { Detector(model, options); }); };
  EXPECT_NE(make({.score_threshold = NAN}).find("score threshold of nan"), std::string::npos);
  EXPECT_NE(make({.iou = 2}).find("overlap of 2"), std::string::npos);
  EXPECT_NE(make({.max_objects = 0}).find("0 objects"), std::string::npos);
  const auto open = [&](const ModelOptions& options) { return thrown_by([&] { Model(path, options); }); };
  EXPECT_NE(open({.image_size = -1}).find("image size -1"), std::string::npos);
  EXPECT_NE(open({.threads = thread_budget() + 1}).find("threads of a budget"), std::string::npos);
  EXPECT_NE(thrown_by([&] { unpack({}); }).find("only models that segment"), std::string::npos);
  EXPECT_NE(thrown_by([&] { detector.detect_file("/nonexistent.png"); }).find("/nonexistent.png"), std::string::npos);
}

TEST_F(DetectorApi, OpensModelsInMemory) {
  const image::Image image = colourful_image(40, 50, 3);
  const std::string path = write(arch::Task::detect), bytes = read_file(path);
  const auto file = std::as_bytes(std::span(bytes));
  expect_same(Detector(Model(file), kMany).detect(view(image)), Detector(Model(path), kMany).detect(view(image)));
  EXPECT_EQ(Model(file, {.image_size = 64}).image_size(), 64);
  EXPECT_TRUE(thrown_by([&] { Model(file.first(99)); }).starts_with("model: "));
  EXPECT_TRUE(thrown_by([&] { Model(file.first(99), {}, "of a request"); }).starts_with("of a request: "));
}

TEST_F(DetectorApi, ComputesInEveryNumberFormat) {
  const image::Image image = colourful_image(70, 110, 1);
  const std::string path = write(arch::Task::detect), calibrated = (folder_ / "calibrated.safetensors").string();
  runtime::Model model = runtime::open_model(path);
  const engine::CalibrateOptions any_error{.layer_error = 1e9, .output_error = 1e9};
  const runtime::ImageSource source{1, [&](int64_t) { return image; }};
  runtime::set_calibrations(model.file, calibrate_model(model, network_inputs(model, source, any_error), any_error));
  formats::write_model(fixture::output(calibrated), model.file);
  const auto best = [&](const ModelOptions& options) {
    return Detector(Model(calibrated, options), kMany).detect(view(image)).objects.at(0).score;
  };
  const float exact = best({});
  EXPECT_NE(best({.precision = Precision::int8}), exact);
  EXPECT_NEAR(best({.precision = Precision::int8}), exact, 0.2);
  try {
    EXPECT_NEAR(best({.precision = Precision::bf16}), exact, 0.1);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported) << "a processor without bf16";
  }
  EXPECT_NE(thrown_by([&] { Model(path, {.precision = Precision::int8}); }).find("no calibration"), std::string::npos);
  EXPECT_NE(thrown_by([&] {
              Model(path, {.precision = static_cast<Precision>(9)});
            }).find("use fp32, bf16, int8 or automatic"),
            std::string::npos);
}

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::failed;
}

TEST_F(DetectorApi, SaysWhatKindOfErrorItIs) {
  const Model model(write(arch::Task::detect));
  fixture::put_file(folder_ / "foreign.safetensors", "no model");
  EXPECT_EQ(kind_of([&] { Model((folder_ / "foreign.safetensors").string()); }), ErrorKind::bad_data);
  EXPECT_EQ(kind_of([&] { Model("/nonexistent.safetensors"); }), ErrorKind::io);
  EXPECT_EQ(kind_of([&] { Detector(model, {.iou = 2}); }), ErrorKind::usage);
  EXPECT_EQ(kind_of([&] { Detector(model).detect({nullptr, 20, 30}); }), ErrorKind::usage);
  EXPECT_EQ(kind_of([&] { Detector(model).detect_file("/nonexistent.png"); }), ErrorKind::io);
  EXPECT_EQ(kind_of([&] { unpack({}); }), ErrorKind::usage);
  EXPECT_EQ(public_kind(spinenet::ErrorKind::unsupported), ErrorKind::unsupported);
  EXPECT_EQ(public_kind(spinenet::ErrorKind::failed), ErrorKind::failed);
}

// Eight sessions on one model, more than there are threads: the same answers, and none too many at once.
TEST_F(DetectorApi, ManySessionsShareAModel) {
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment, arch::Task::classify}) {
    for (const int threads : {1, 0}) {
      const Model model(write(task), {.image_size = 0, .threads = threads});
      const image::Image first = colourful_image(50, 64, 1), second = colourful_image(64, 33, 2);
      Detector alone(model, kMany);
      const Prediction of_first = alone.detect(view(first)), of_second = alone.detect(view(second));
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

TEST_F(DetectorApi, AnswersInTheChildOfAForkWhileOthersAreDetecting) {
  if (fixture::kHasThreadSanitizer) GTEST_SKIP() << "it ends a child that starts threads";
  if (fixture::kHasAddressSanitizer) GTEST_SKIP() << "its allocator stays locked where another thread held it";
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment}) {
    const std::string path = write(task);
    const Model model(path);
    const image::Image image = colourful_image(50, 64, 1);
    Detector detector(model, kMany);
    const Prediction expected = detector.detect(view(image));
    std::atomic<bool> enough{false};
    std::vector<std::jthread> busy;  // so that threads are taken and locks held at most forks
    for (int i = 0; i < 2; ++i) {
      busy.emplace_back([&] {
        Detector own(model, kMany);
        while (!enough) own.detect(view(image));
      });
    }
    for (int fork = 0; fork < 10; ++fork) {
      EXPECT_TRUE(fixture::holds_in_child([&] {
        const auto same = [&](const Prediction& found) {
          return found.objects.size() == expected.objects.size() &&
                 found.objects.at(0).score == expected.objects.at(0).score;
        };
        Detector another(model, kMany);
        return same(detector.detect(view(image))) && same(another.detect(view(image))) &&
               same(Detector(Model(path), kMany).detect(view(image)));
      })) << fork;
    }
    enough = true;
  }
}

TEST_F(DetectorApi, InUseWhenItsProcessWasForkedIsRefusedByName) {
  if (fixture::kHasThreadSanitizer) GTEST_SKIP() << "it ends a child that starts threads";
  if (fixture::kHasAddressSanitizer) GTEST_SKIP() << "its allocator stays locked where another thread held it";
  const Model model(write(arch::Task::detect));
  const image::Image image = colourful_image(50, 64, 1);
  Detector detector(model, kMany);
  std::atomic<bool> enough{false};
  std::jthread busy([&] {
    while (!enough) detector.detect(view(image));
  });
  // Each child answers or says why not; most are forked in the middle of an image.
  for (int fork = 0; fork < 20; ++fork) {
    EXPECT_TRUE(fixture::holds_in_child([&] {
      try {
        return !detector.detect(view(image)).objects.empty();
      } catch (const Error& error) {
        const bool named = std::string(error.what()).find("when this process was forked") != std::string::npos;
        return named && !Detector(model, kMany).detect(view(image)).objects.empty();
      }
    })) << fork;
  }
  enough = true;
}

}  // namespace
}  // namespace spinenet::api
