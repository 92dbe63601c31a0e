// Checkpoints that TensorFlow's own programs wrote (make_tensorflow_checkpoint.py), imported and run by the reference
// interpreter: outputs and detections are those of the programs. And two small ones that are kept
// (make_bundle_oracle.py).
//
// The former run where python3, or the program that SPINENET_PYTHON names, can import official.vision, tensorflow and
// tf_keras; skipped elsewhere.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "arch/families.h"
#include "base/files.h"
#include "base/format.h"
#include "detect/box_head.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "formats/import/names_spinenet.h"
#include "formats/import/tensor_bundle.h"
#include "formats/safetensors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "runtime/two_stage.h"

namespace spinenet {
namespace {

constexpr double kTolerance = 1e-4;  // of the largest absolute value
constexpr double kPixels = 1e-3;
constexpr int kClasses = 5, kHeight = 128, kWidth = 256;
constexpr int kProposals = 100;  // as the script has it

arch::Architecture narrow_spinenet() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.375;
  a.scaling.endpoints_num_filters = 32;
  a.head.filters = 32;
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 32;
  a.two_stage.box_dense = 64;
  a.activation = arch::Activation::swish;
  return a;
}

// Element k of every variable is k / 2 - 1, as far as its type can say it.
TEST(TensorBundleOracle, ReadsWhatACheckpointHas) {
  const formats::SourceTensors source = formats::read_tensor_bundle(SPINENET_SOURCE_DIR "/tests/parity/bundle_v2");
  EXPECT_EQ(source.tensors.at("part/kernel").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(source.tensors.at("part/kernel").full_name, "part/kernel");
  EXPECT_EQ(source.tensors.at("part/kernel").read(), (std::vector<float>{-1, -0.5, 0, 0.5, 1, 1.5}));
  EXPECT_EQ(source.tensors.at("scalar").read(), std::vector<float>{-1});
  for (const char* type : {"float32", "float64", "float16", "bfloat16"}) {
    EXPECT_EQ(source.tensors.at(type).type, type);
    EXPECT_EQ(source.tensors.at(type).read(), (std::vector<float>{-1, -0.5, 0})) << type;
  }
  for (const char* type : {"int32", "int64", "int8", "int16"}) {
    EXPECT_EQ(source.tensors.at(type).type, type);
    EXPECT_EQ(source.tensors.at(type).read(), (std::vector<float>{-1, 0, 0})) << type;
  }
  EXPECT_EQ(source.tensors.at("bool").read(), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(source.others.at("text"), "text");
  const auto slots = std::count_if(source.others.begin(), source.others.end(),
                                   [](const auto& other) { return other.second == "the optimizer's momentum"; });
  EXPECT_EQ(slots, 1);
}

TEST(TensorBundleOracle, ReadsWhatASaverHas) {
  const formats::SourceTensors source = formats::read_tensor_bundle(SPINENET_SOURCE_DIR "/tests/parity/bundle_v1");
  EXPECT_EQ(source.tensors.at("a/kernel").read(), (std::vector<float>{-1, -0.5, 0, 0.5, 1, 1.5}));
  EXPECT_EQ(source.others.at("a/kernel/Momentum"), "the optimizer's");
  EXPECT_EQ(source.others.at("global_step"), "a count of steps");
  EXPECT_NE(source.tensors.at("parts").unreadable.find("slices"), std::string::npos);
}

class ImportTensorflow : public testing::Test {
 protected:
  void SetUp() override {
    const char* named = std::getenv("SPINENET_PYTHON");
    python_ = named != nullptr ? named : "python3";
    const std::string modules =
        "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, (\"tensorflow\", \"tf_keras\", "
        "\"official\"))))";
    if (std::system(fmt::format("'{}' -c '{}' 2>/dev/null", python_, modules).c_str()) != 0) {
      GTEST_SKIP() << python_ << " has no tensorflow, tf_keras or tf-models-official";
    }
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / fmt::format("spinenet_{}_{}", info->name(), ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // Makes the checkpoint, reads it and gives its naming for this task.
  void make_and_read(const std::string& form, arch::Task task) {
    const std::string log = (folder_ / "log").string();
    const std::string command = fmt::format("'{}' '{}/tests/parity/make_tensorflow_checkpoint.py' {} '{}' >'{}' 2>&1",
                                            python_, SPINENET_SOURCE_DIR, form, folder_.string(), log);
    ASSERT_EQ(std::system(command.c_str()), 0) << read_file(log);
    source_ = formats::read_tensor_bundle(folder_ / "ckpt-1");
    expected_ = formats::read_safetensors(folder_ / "expected.safetensors").weights;
    const formats::SpineNetHeads heads = formats::spinenet_heads(source_, narrow_spinenet());
    ASSERT_EQ(heads.task, task);
    ASSERT_EQ(heads.classes, kClasses);
    naming_ = formats::spinenet_naming(source_, narrow_spinenet(), task, kClasses);
    for (const formats::ParameterRule& rule : naming_.rules) take(rule);
  }

  void take(const formats::ParameterRule& rule) {
    const std::string& name = rule.sources.at(0);
    ASSERT_TRUE(source_.tensors.contains(name)) << rule.parameter << " wants " << name;
    const formats::SourceTensor& tensor = source_.tensors.at(name);
    EXPECT_TRUE(rule.source_shapes.empty() || tensor.shape == rule.source_shapes[0]) << name;
    const HostTensor value{tensor.shape, tensor.read()};
    weights_[rule.parameter] = rule.convert ? rule.convert(std::span(&value, 1)) : value;
  }

  void compare(const std::string& name, const HostTensor& actual) const {
    const HostTensor& expected = expected_.at(name);
    ASSERT_EQ(actual.data.size(), expected.data.size()) << name;
    double difference = 0, largest = 0;
    for (size_t k = 0; k < expected.data.size(); ++k) {
      difference = std::max(difference, std::abs(static_cast<double>(actual.data[k]) - expected.data[k]));
      largest = std::max(largest, std::abs(static_cast<double>(expected.data[k])));
    }
    fmt::print("{}: {:.2g} of {:.3g}\n", name, difference / largest, largest);
    EXPECT_LT(difference, kTolerance * largest) << name;
  }

  std::vector<HostTensor> run(const graph::Program& program, const HostTensor& input) const {
    for (const graph::Parameter& parameter : program.parameters) {
      if (weights_.contains(parameter.name)) continue;
      ADD_FAILURE() << "nothing gives " << parameter.name;
      return {};
    }
    const Weights own = graph::own_weights(program, weights_);
    const std::vector<std::string> wrong = graph::mismatches(program, own);
    EXPECT_TRUE(wrong.empty()) << fmt::format("{}", fmt::join(wrong, "\n"));
    return graph::run_reference(program, own, input);
  }

  std::string python_;
  std::filesystem::path folder_;
  formats::SourceTensors source_;
  formats::Naming naming_;
  Weights weights_, expected_;
};

std::vector<detect::LevelOutput> level_outputs(const std::vector<HostTensor>& outputs) {
  const size_t levels = outputs.size() / 2;
  std::vector<detect::LevelOutput> result;
  for (size_t i = 0; i < levels; ++i) {
    const HostTensor& classes = outputs[i];
    result.push_back({classes.data.data(), outputs[levels + i].data.data(), static_cast<int>(classes.shape[2]),
                      static_cast<int>(classes.shape[3])});
  }
  return result;
}

// x1, y1, x2, y2, class, score.
bool is_row(const detect::Detection& found, const float* row) {
  const auto near = [](float a, float b, double tolerance) { return std::abs(static_cast<double>(a) - b) < tolerance; };
  const detect::Box& box = found.box;
  return near(box.x1, row[0], kPixels) && near(box.y1, row[1], kPixels) && near(box.x2, row[2], kPixels) &&
         near(box.y2, row[3], kPixels) && found.label == static_cast<int>(row[4]) &&
         near(found.score, row[5], kTolerance);
}

// In whatever order scores come that differ by less than a rounding.
void expect_rows(const std::vector<detect::Detection>& found, const HostTensor& expected) {
  ASSERT_EQ(static_cast<int64_t>(found.size()), expected.shape[0]);
  ASSERT_GT(found.size(), 10U);
  double farthest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const float* row = &expected.data[6 * i];
    const auto same = std::find_if(found.begin(), found.end(), [&](const auto& each) { return is_row(each, row); });
    EXPECT_NE(same, found.end()) << i;
    if (same == found.end()) continue;
    const std::array<float, 4> sides{same->box.x1, same->box.y1, same->box.x2, same->box.y2};
    for (size_t k = 0; k < 4; ++k) farthest = std::max(farthest, std::abs(static_cast<double>(sides[k]) - row[k]));
  }
  fmt::print("{} detections, {:.2g} px\n", found.size(), farthest);
}

TEST_F(ImportTensorflow, RetinaNetOfTheModelGarden) {
  make_and_read("retinanet", arch::Task::detect);
  if (HasFatalFailure()) return;
  const graph::LowerOptions options{.height = kHeight, .width = kWidth, .classes = kClasses};
  const graph::Program program = graph::lower_detector(naming_.architecture, options);
  const std::vector<HostTensor> outputs = run(program, expected_.at("input"));
  for (size_t i = 0; i < outputs.size(); ++i) compare(program.outputs[i].name, outputs[i]);

  const std::vector<detect::Box> anchors =
      detect::make_anchors(graph::anchor_options(naming_.architecture), kHeight, kWidth);
  const std::vector<detect::Detection> found =
      detect::postprocess(level_outputs(outputs), anchors, kClasses, {.score_threshold = 0.3F});
  expect_rows(found, expected_.at("detections"));
  const auto slots = std::count_if(source_.others.begin(), source_.others.end(),
                                   [](const auto& other) { return other.second == "the optimizer's momentum"; });
  EXPECT_EQ(slots, 3);
  EXPECT_EQ(source_.others.at("global_step"), "a count of steps");
}

// One image of a batch.
HostTensor item(const HostTensor& batch, int64_t index) {
  HostTensor one{batch.shape, {}};
  one.shape[0] = 1;
  const auto size = static_cast<std::ptrdiff_t>(element_count(one.shape));
  one.data.assign(batch.data.begin() + index * size, batch.data.begin() + (index + 1) * size);
  return one;
}

// From the image to boxes: proposals, their crops, the box head.
std::vector<detect::Detection> two_stage_detections(const graph::TwoStageProgram& network, const arch::Architecture& a,
                                                    const Weights& weights, const HostTensor& image) {
  std::vector<graph::Forward> forwards;
  for (const graph::Program& program : graph::programs_of(network)) {
    forwards.push_back([program, own = graph::own_weights(program, weights)](const HostTensor& input) {
      return graph::run_reference(program, own, input);
    });
  }
  const runtime::TwoStageForward run = runtime::two_stage_forward(std::move(forwards), runtime::levels_of(a));
  const std::vector<HostTensor> trunk = run.trunk(image);
  const std::vector<detect::Box> anchors = detect::make_anchors(graph::proposal_anchors(a), kHeight, kWidth);
  const detect::Extent extent{kHeight, kWidth};
  std::vector<std::vector<detect::Box>> rois(1);
  for (const detect::Proposal& proposal :
       detect::propose(level_outputs(trunk), anchors, extent, {.pre_nms = 1000, .post_nms = kProposals})) {
    rois[0].push_back(proposal.box);
  }
  EXPECT_EQ(rois[0].size(), static_cast<size_t>(kProposals));
  const std::vector<HostTensor> boxes = run.box_heads.at(0)(rois);
  return detect::box_head_detections({boxes[0].data, boxes[1].data, 0}, rois[0], extent, {.score_threshold = 0.3F});
}

TEST_F(ImportTensorflow, MaskRcnnOfTheModelGarden) {
  make_and_read("mask_rcnn", arch::Task::segment);
  if (HasFatalFailure()) return;
  const graph::TwoStageProgram network =
      graph::lower_two_stage(naming_.architecture, {.height = kHeight, .width = kWidth, .classes = kClasses});
  const std::vector<HostTensor> trunk = run(network.trunk, expected_.at("input"));
  for (size_t i = 0; i < trunk.size(); ++i) compare(network.trunk.outputs[i].name, trunk[i]);
  HostTensor classes = make_tensor({0}), boxes = make_tensor({0}), masks = make_tensor({0});
  const auto append = [](HostTensor& all, const float* data, size_t count) {
    all.data.insert(all.data.end(), data, data + count);
  };
  for (int64_t crop = 0; crop < 2; ++crop) {
    const std::vector<HostTensor> box = run(network.box_heads.at(0), item(expected_.at("box_crops"), crop));
    append(classes, box[0].data.data(), box[0].data.size());
    append(boxes, box[1].data.data(), box[1].data.size());
    const HostTensor mask = run(network.mask_head, item(expected_.at("mask_crops"), crop)).at(0);
    constexpr size_t kPixelsOfMask = static_cast<size_t>(graph::kMaskSize) * graph::kMaskSize;
    const auto label = static_cast<size_t>(expected_.at("mask_classes").data[static_cast<size_t>(crop)]);
    append(masks, &mask.data[label * kPixelsOfMask], kPixelsOfMask);
  }
  compare("class", classes);
  compare("box", boxes);
  compare("mask", masks);
  expect_rows(two_stage_detections(network, naming_.architecture, weights_, expected_.at("input")),
              expected_.at("detections"));
}

TEST_F(ImportTensorflow, RetinaNetUnderTheNamesOfTheTpuRepository) {
  make_and_read("tpu", arch::Task::detect);
  if (HasFatalFailure()) return;
  const graph::Program program =
      graph::lower_detector(naming_.architecture, {.height = kHeight, .width = kWidth, .classes = kClasses});
  EXPECT_TRUE(graph::mismatches(program, weights_).empty());
  ASSERT_EQ(weights_.size(), expected_.size());
  for (const auto& [name, expected] : expected_) EXPECT_EQ(weights_.at(name).data, expected.data) << name;
  EXPECT_EQ(source_.others.size(), 2U);  // global_step and a Momentum
}

}  // namespace
}  // namespace spinenet
