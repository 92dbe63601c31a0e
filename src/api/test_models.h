// Model files for the tests of this folder: narrow networks of two classes (ids 3 and 7) with random weights, which
// find something everywhere; and a folder for them that goes with the test.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "formats/model_file.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "image/image.h"

namespace spinenet::api {

inline arch::Architecture narrow_architecture() {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = a.scaling.stem_filters = 8;
  a.head.filters = 8;
  a.head.convs = 1;
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 8;
  a.two_stage.box_convs = a.two_stage.mask_convs = 1;
  a.two_stage.box_dense = 16;
  return a;
}

inline formats::ModelFile narrow_model(arch::Task task) {
  const arch::Architecture a = narrow_architecture();
  const int side = task == arch::Task::classify ? 32 : 128;
  const graph::LowerOptions lower{.height = side, .width = side, .classes = 2};
  const graph::InitOptions init{.predictor_deviation = 0.3, .prior = 0.3};
  formats::ModelFile model;
  model.architecture = to_json(a);
  model.task = name_of(task);
  model.classes = {{3, "apple"}, {7, "pear"}};
  model.image_size = side;
  switch (task) {
    case arch::Task::detect:
      model.weights = graph::initial_weights(graph::lower_detector(a, lower), init, 5);
      break;
    case arch::Task::classify:
      model.weights = graph::initial_weights(graph::lower_classifier(a, lower), init, 5);
      break;
    case arch::Task::segment:
      for (const graph::Program& part : graph::programs_of(graph::lower_two_stage(a, lower))) {
        model.weights.merge(graph::initial_weights(part, init, 5));
      }
      model.extra["proposals"] = "20";
      break;
  }
  return model;
}

// Different for each seed, and no two rows or channels are alike.
inline image::Image colourful_image(int height, int width, int seed) {
  image::Image image = image::make_image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) image.at(y, x)[c] = static_cast<uint8_t>((c + 2) * x + (5 - c) * y + 40 * seed);
    }
  }
  return image;
}

class ModelTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("spinenet_api_{}_{}_{}", test.test_suite_name(), test.name(), ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(arch::Task task) const {
    const std::filesystem::path path = folder_ / fmt::format("{}.safetensors", name_of(task));
    formats::write_model(fixture::output(path), narrow_model(task));
    return path.string();
  }

  std::filesystem::path folder_;
};

// What the call throws, or "".
inline std::string thrown_by(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace spinenet::api
