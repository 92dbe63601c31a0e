#include "formats/onnx/export/export.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

// A family, narrow.
arch::Architecture tiny(const std::string& name) {
  arch::Architecture a = arch::named_architecture(name);
  a.scaling.filter_size_scale = 0.05;
  a.scaling.endpoints_num_filters = 4;
  a.scaling.stem_filters = 4;
  a.head.filters = 4;
  a.head.convs = 1;
  return a;
}

struct Source {
  arch::Architecture architecture;
  ModelFile model;

  explicit Source(arch::Architecture a) : architecture(std::move(a)) {
    model.architecture = to_json(architecture);
    model.classes = {{3, "apple"}, {7, "pear"}, {90, "\"fig\""}};
    model.image_size = 128;
    graph::InitOptions init;
    init.residual_norm_weight = 1;
    init.predictor_deviation = 0.3;
    model.weights = graph::initial_weights(lowered(128, 128), init, 5);
  }

  graph::Program lowered(int height, int width) const {
    return graph::lower_detector(architecture, {.height = height, .width = width, .classes = 3});
  }
  // The check makes one image of each shape.
  graph::Forward forward() const {
    return [this](const HostTensor& image) {
      std::vector<HostTensor>& outputs = known_[image.shape];
      if (outputs.empty()) {
        const graph::Program program = lowered(static_cast<int>(image.shape[2]), static_cast<int>(image.shape[3]));
        outputs = graph::run_reference(program, model.weights, image);
      }
      return outputs;
    };
  }

 private:
  mutable std::map<std::vector<int64_t>, std::vector<HostTensor>> known_;
};

const Source& spinenet_49() {
  static const Source source(tiny("spinenet-49"));
  return source;
}

OnnxOptions options_of(const Source& source, OnnxForm form, int height, int width) {
  OnnxOptions options;
  options.form = form;
  options.height = height;
  options.width = width;
  options.anchors = graph::anchor_options(source.architecture);
  options.post.max_detections = 60;
  options.post.pre_nms = 300;
  return options;
}

OnnxFile made(const Source& source, const OnnxOptions& options) {
  const bool open = options.height == 0;
  return make_onnx(source.lowered(open ? 128 : options.height, open ? 128 : options.width), source.model, options);
}

OnnxCheckOptions check_of(const Source& source, const OnnxOptions& options) {
  OnnxCheckOptions check;
  check.source = source.forward();
  check.anchors = options.anchors;
  check.post = options.post;
  check.classes = 3;
  check.height = options.height;
  check.width = options.width;
  check.limit = 1e-5;
  return check;
}

std::vector<std::string> names_of(const std::vector<OnnxValue>& values) {
  std::vector<std::string> names;
  for (const OnnxValue& value : values) names.push_back(value.name);
  return names;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, GiveWhatTheReferenceGives) {
  arch::Architecture a = tiny(GetParam());
  if (a.name == "spinenet-49s") {
    a.activation = arch::Activation::swish;
    a.padding = arch::Padding::same;
    a.large_downsample = arch::LargeDownsample::repeated_pools;
  }
  const Source source(a);
  const OnnxOptions options = options_of(source, OnnxForm::raw, 0, 0);
  const OnnxFile file = made(source, options);
  EXPECT_EQ(parse_onnx(to_bytes(file, "m.onnx"), "m.onnx"), file);
  const OnnxCheck check = check_onnx(file, check_of(source, options));
  EXPECT_EQ(check.rows.size(), 4U);
  EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
  for (const auto& [name, tensor] : source.model.weights) {
    ASSERT_TRUE(file.initialisers.contains(name)) << name;
    EXPECT_EQ(file.initialisers.at(name).floats, tensor.data) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, Families,
                         testing::Values("spinenet-49s", "spinenet-49", "r0-sp53", "resnet-50-fpn",
                                         "resnet-50-nas-fpn"));

TEST(OnnxExport, EveryFormAndSizeHolds) {
  const Source& source = spinenet_49();
  for (const OnnxForm form : {OnnxForm::boxes, OnnxForm::detections}) {
    for (const auto& [height, width] : {std::pair(0, 0), {128, 256}}) {
      const OnnxOptions options = options_of(source, form, height, width);
      const OnnxFile file = made(source, options);
      EXPECT_EQ(parse_onnx(to_bytes(file, "m.onnx"), "m.onnx"), file);
      const OnnxCheck check = check_onnx(file, check_of(source, options));
      EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
      EXPECT_EQ(check.rows.size(), height == 0 ? 7U : 6U);
    }
  }
}

Source yolo_source(const char* name) {
  arch::Architecture a = tiny(name);
  a.head_kind = arch::HeadKind::yolo;
  return Source(a);
}

OnnxOptions yolo_options(const Source& source, OnnxForm form, int height, int width) {
  OnnxOptions options = options_of(source, form, height, width);
  options.yolo = graph::yolo_levels(source.architecture);
  return options;
}

TEST(OnnxExport, YoloHeadsHold) {
  for (const char* name : {"yolov4", "yolov4-tiny", "spinenet-49"}) {
    const Source source = yolo_source(name);
    for (const OnnxForm form : {OnnxForm::raw, OnnxForm::boxes}) {
      for (const auto& [height, width] : {std::pair(0, 0), {128, 256}}) {
        const OnnxOptions options = yolo_options(source, form, height, width);
        const OnnxFile file = made(source, options);
        OnnxCheckOptions check = check_of(source, options);
        check.yolo = options.yolo;
        const OnnxCheck checked = check_onnx(parse_onnx(to_bytes(file, "m.onnx"), "m.onnx"), check);
        EXPECT_TRUE(holds(checked)) << name << " " << worst(checked).what << ": " << worst(checked).error;
        EXPECT_EQ(checked.rows.size(), form == OnnxForm::raw ? 4U : height == 0 ? 7U : 6U);
      }
    }
  }
}

TEST(OnnxExport, OfAYoloHeadSaysWhatItHas) {
  const Source source = yolo_source("yolov4-tiny");
  OnnxOptions options = yolo_options(source, OnnxForm::boxes, 128, 256);
  const OnnxFile file = made(source, options);
  EXPECT_EQ(names_of(file.outputs), (std::vector<std::string>{"boxes", "scores"}));
  EXPECT_EQ(file.outputs[0].shape,
            (std::vector<OnnxExtent>{std::string("batch"), int64_t{3 * (8 * 16 + 4 * 8)}, int64_t{4}}));
  const Json levels = parse_json(file.metadata.at("yolo_levels"), "levels");
  EXPECT_EQ(levels[1]["stride"], 32);
  EXPECT_EQ(levels[1]["anchors"][2][0], 344);
  options.form = OnnxForm::raw;
  EXPECT_EQ(names_of(made(source, options).outputs), (std::vector<std::string>{"yolo.p4", "yolo.p5"}));
  options.form = OnnxForm::detections;
  try {
    made(source, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("NonMaxSuppression does not have; use boxes"), std::string::npos);
  }
  EXPECT_EQ(forms_of(arch::Task::detect, arch::HeadKind::yolo).size(), 2U);
}

TEST(OnnxExport, AnchorsOfWholePixelsHold) {
  arch::Architecture a = tiny("spinenet-49");
  a.head.anchor_grid = arch::AnchorGrid::whole_pixels;
  const Source source(a);
  for (const int side : {0, 128}) {
    const OnnxOptions options = options_of(source, OnnxForm::detections, side, side);
    ASSERT_TRUE(options.anchors.whole_pixels);
    const OnnxFile file = made(source, options);
    EXPECT_TRUE(parse_json(file.metadata.at("anchors"), "anchors").at("whole_pixels"));
    const OnnxCheck check = check_onnx(file, check_of(source, options));
    EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
  }
}

TEST(OnnxExport, DeclaresItsInputsAndOutputs) {
  const Source& source = spinenet_49();
  OnnxOptions options = options_of(source, OnnxForm::raw, 0, 0);
  OnnxFile file = made(source, options);
  using Extents = std::vector<OnnxExtent>;
  EXPECT_EQ(file.inputs[0].shape,
            (Extents{std::string("batch"), int64_t{3}, std::string("height"), std::string("width")}));
  EXPECT_EQ(file.outputs[0].name, "class.p3");
  EXPECT_EQ(file.outputs[9].name, "box.p7");
  EXPECT_EQ(file.outputs[9].shape,
            (Extents{std::string("batch"), int64_t{36}, std::string("height/128"), std::string("width/128")}));
  options = options_of(source, OnnxForm::detections, 128, 256);
  options.batch = 2;
  file = made(source, options);
  EXPECT_EQ(file.inputs[0].shape, (Extents{int64_t{2}, int64_t{3}, int64_t{128}, int64_t{256}}));
  EXPECT_EQ(names_of(file.outputs), (std::vector<std::string>{"boxes", "scores", "labels", "count"}));
  EXPECT_EQ(file.outputs[0].shape, (Extents{int64_t{2}, int64_t{60}, int64_t{4}}));
  options.form = OnnxForm::boxes;
  EXPECT_EQ(made(source, options).outputs[1].shape, (Extents{int64_t{2}, int64_t{6138}, int64_t{3}}));
}

TEST(OnnxExport, TheMetadataSayHowToUseTheFile) {
  const Source& source = spinenet_49();
  const OnnxFile file = made(source, options_of(source, OnnxForm::detections, 128, 128));
  const auto json = [&](const std::string& key) { return parse_json(file.metadata.at(key), key); };
  EXPECT_EQ(file.metadata.at("form"), "detections");
  EXPECT_EQ(file.metadata.at("task"), "detect");
  EXPECT_EQ(json("classes")[2], Json({{"id", 90}, {"name", "\"fig\""}}));
  EXPECT_EQ(file.metadata.at("image_size"), "[128,128]");
  EXPECT_EQ(file.metadata.at("size_multiple"), "128");
  EXPECT_EQ(json("mean").get<std::vector<float>>(), (std::vector<float>{0.485F, 0.456F, 0.406F}));
  EXPECT_EQ(json("std").get<std::vector<float>>(), (std::vector<float>{0.229F, 0.224F, 0.225F}));
  EXPECT_EQ(json("anchors")["max_level"], 7);
  EXPECT_EQ(json("postprocess")["max_detections"], 60);
  EXPECT_EQ(arch::architecture_from_json(json("architecture"), "onnx"), source.architecture);
}

TEST(OnnxExport, RefusesMoreDetectionsThanCandidates) {
  const Source& source = spinenet_49();
  OnnxOptions options = options_of(source, OnnxForm::detections, 0, 0);
  options.post.max_detections = 301;
  try {
    made(source, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "export: 301 detections of 300 candidates at most; ask for 1 to 300");
  }
}

Source classifier(const std::string& family, int side) {
  Source source(tiny("spinenet-49"));
  source.architecture = tiny(family);
  source.model.architecture = to_json(source.architecture);
  source.model.task = "classify";
  source.model.weights = graph::initial_weights(
      graph::lower_classifier(source.architecture, {.height = side, .width = side, .classes = 3}),
      {.residual_norm_weight = 1}, 5);
  return source;
}

// At 72 pixels the maps of levels 4 and up are rounded up on their way down: what is enlarged is cut.
TEST(OnnxExport, ClassifiersHold) {
  for (const auto& [family, side] : {std::pair("spinenet-49", 72), {"resnet-50", 56}, {"spinenet-49", 0}}) {
    const Source source = classifier(family, side > 0 ? side : 128);
    const auto lowered = [&](const HostTensor& image) {
      return graph::lower_classifier(
          source.architecture,
          {.height = static_cast<int>(image.shape[2]), .width = static_cast<int>(image.shape[3]), .classes = 3});
    };
    OnnxOptions options = options_of(source, OnnxForm::scores, side, side);
    const graph::Program program = lowered(make_tensor({1, 3, side > 0 ? side : 128, side > 0 ? side : 128}));
    const OnnxFile file = make_onnx(program, source.model, options);
    EXPECT_EQ(file.outputs[0].name, "scores");
    OnnxCheckOptions check = check_of(source, options);
    check.task = arch::Task::classify;
    check.source = [&](const HostTensor& image) {
      return graph::run_reference(lowered(image), source.model.weights, image);
    };
    const OnnxCheck checked = check_onnx(parse_onnx(to_bytes(file, "m.onnx"), "m.onnx"), check);
    EXPECT_TRUE(holds(checked)) << family << " " << worst(checked).what << ": " << worst(checked).error;
    EXPECT_EQ(checked.rows.back().what, "scores");
    options.form = OnnxForm::raw;
    EXPECT_EQ(make_onnx(program, source.model, options).outputs[0].shape,
              (std::vector<OnnxExtent>{std::string("batch"), int64_t{3}, int64_t{1}, int64_t{1}}));
  }
}

TEST(OnnxExport, RefusesAFormOfAnotherTask) {
  const Source source = classifier("spinenet-49", 64);
  try {
    made(source, options_of(source, OnnxForm::boxes, 128, 128));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "export: no form \"boxes\" of a model whose task is classify; use raw or scores");
  }
  EXPECT_EQ(forms_of(arch::Task::segment).size(), 1U);
}

class OnnxFolder : public testing::Test {
 protected:
  OnnxFolder()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("spinenet_onnx_{}_{}", ::getpid(),
                            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_);
  }
  ~OnnxFolder() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(OnnxFolder, KeepsAFileThatHolds) {
  const Source& source = spinenet_49();
  const OnnxOptions options = options_of(source, OnnxForm::detections, 128, 128);
  const OnnxFile file = made(source, options);
  EXPECT_TRUE(holds(export_onnx(fixture::output(folder_ / "m.onnx"), file, check_of(source, options))));
  EXPECT_EQ(read_file(folder_ / "m.onnx"), to_bytes(file, "m.onnx"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

// Whatever is changed in the graph shows in the check, and the older file stays.
TEST_F(OnnxFolder, LeavesNothingOfAFileThatDiffers) {
  const Source& source = spinenet_49();
  const OnnxOptions options = options_of(source, OnnxForm::detections, 128, 128);
  fixture::put_file(folder_ / "m.onnx", "older");
  const std::vector<std::pair<std::string, std::function<void(OnnxFile&)>>> faults{
      {"network 128x128", [](OnnxFile& f) { f.initialisers.at("stem.conv.weight").floats[5] += 0.01F; }},
      {"detections 128x128", [](OnnxFile& f) { f.initialisers.at("detections.iou").floats[0] = 0.6F; }},
      {"detections 128x128", [](OnnxFile& f) { f.initialisers.at("detections.threshold").floats[0] = 0.1F; }},
      {"detections 128x128",
       [](OnnxFile& f) {
         for (float& x : f.initialisers.at("anchors.centres").floats) x += 0.01F;
       }},
      {"detections 128x128",
       [](OnnxFile& f) { std::swap(f.initialisers.at("box.order").ints[0], f.initialisers.at("box.order").ints[1]); }},
  };
  for (const auto& [place, fault] : faults) {
    OnnxFile file = made(source, options);
    fault(file);
    try {
      export_onnx(fixture::output(folder_ / "m.onnx"), file, check_of(source, options));
      ADD_FAILURE() << place;
      fixture::put_file(folder_ / "m.onnx", "older");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::failed);
      EXPECT_NE(std::string(error.what()).find("m.onnx: differs from the model by "), std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
    }
    EXPECT_TRUE(read_file(folder_ / "m.onnx") == "older") << place;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  }
}

}  // namespace
}  // namespace spinenet::formats
