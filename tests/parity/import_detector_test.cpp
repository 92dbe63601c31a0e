// Detectors and pyramids whose weights PyTorch wrote (make_detector_oracle.py), imported: maps, outputs and detections
// are those of the programs, in the reference interpreter and in the engine.
//
// Runs where python3, or the program that SPINENET_PYTHON names, has the packages that the script names; skipped
// elsewhere.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "detect/letterbox.h"
#include "detect/postprocess.h"
#include "formats/safetensors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "parity/oracle.h"
#include "runtime/import_model.h"
#include "runtime/prepare.h"

namespace spinenet {
namespace {

constexpr double kPixels = 1e-3;
constexpr int kHeight = 128, kWidth = 256;

class ImportDetectorParity : public testing::Test {
 protected:
  // False where a package is missing.
  bool make(const std::string& oracle) {
    name_ = oracle;
    if (!make_oracle("make_detector_oracle.py", oracle, folder_.path())) return false;
    values_ = formats::read_safetensors(folder_ / "values.safetensors").weights;
    return true;
  }

  std::string log() const { return read_file(folder_ / "log"); }

  void import(runtime::ImportOptions options) {
    imported_ = runtime::import_model(folder_ / "weights.pth", options);
    architecture_ = arch::architecture_from_json(imported_.model.architecture, "imported");
  }

  // The outputs of one way of running it, all of which the oracle has.
  void expect_outputs(const graph::Program& program, const std::vector<HostTensor>& outputs,
                      std::string_view way) const {
    ASSERT_EQ(outputs.size(), program.outputs.size());
    double worst = 0;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const double difference = relative_difference(outputs[i], values_.at(program.outputs[i].name));
      EXPECT_LE(difference, kParityTolerance) << program.outputs[i].name << ", " << way;
      worst = std::max(worst, difference);
    }
    fmt::print("{}, {}: {} parameters, error {:.1e} of the largest value\n", name_, way, imported_.report.taken, worst);
  }

  std::vector<HostTensor> expect_network(const graph::Program& program) const {
    const Weights own = graph::own_weights(program, imported_.model.weights);
    expect_outputs(program, graph::run_reference(program, own, values_.at("in")), "reference");
    std::vector<HostTensor> outputs = runtime::engine_forward_of(program, own, 2)(values_.at("in"));
    expect_outputs(program, outputs, "engine");
    return outputs;
  }

  fixture::ScratchFolder folder_;
  std::string name_;
  Weights values_;
  runtime::ImportedModel imported_;
  arch::Architecture architecture_;
};

class ImportRetinaNetParity : public ImportDetectorParity {
 protected:
  void expect_whole() const {
    EXPECT_TRUE(imported_.report.left.empty()) << fmt::format("{}", fmt::join(imported_.report.left, "\n"));
    EXPECT_TRUE(imported_.report.missing.empty()) << fmt::format("{}", fmt::join(imported_.report.missing, "\n"));
    ASSERT_EQ(imported_.model.classes.size(), 5U);  // and the background
    EXPECT_EQ(imported_.model.classes.front().id, 1);
  }

  std::vector<detect::Detection> detections(const std::vector<HostTensor>& outputs) const {
    std::vector<detect::LevelOutput> levels;
    for (size_t i = 0; i < outputs.size() / 2; ++i) {
      const HostTensor& classes = outputs[i];
      levels.push_back({classes.data.data(), outputs[outputs.size() / 2 + i].data.data(),
                        static_cast<int>(classes.shape[2]), static_cast<int>(classes.shape[3])});
    }
    const std::vector<detect::Box> anchors =
        detect::make_anchors(graph::anchor_options(architecture_), kHeight, kWidth);
    const detect::PostprocessOptions options{.score_threshold = values_.at("threshold").data[0], .max_detections = 300};
    return detect::from_canvas(detect::postprocess(levels, anchors, 5, options),
                               detect::fit_letterbox(kHeight, kWidth, kHeight, kWidth));
  }

  // Rows of x1, y1, x2, y2, class, score; in whatever order scores come that differ by less than a rounding.
  void expect_detections(const std::vector<detect::Detection>& found) const {
    const HostTensor& rows = values_.at("detections");
    ASSERT_EQ(static_cast<int64_t>(found.size()), rows.shape[0]);
    double worst = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const float* row = &rows.data[6 * i];
      double nearest = HUGE_VAL;
      for (const detect::Detection& each : found) {
        if (each.label != static_cast<int>(row[4]) || std::abs(each.score - row[5]) > kParityTolerance) continue;
        const std::array<float, 4> sides{each.box.x1, each.box.y1, each.box.x2, each.box.y2};
        double farthest = 0;
        for (size_t k = 0; k < 4; ++k) farthest = std::max(farthest, std::abs(static_cast<double>(sides[k]) - row[k]));
        nearest = std::min(nearest, farthest);
      }
      EXPECT_LE(nearest, kPixels) << "detection " << i;
      worst = std::max(worst, nearest);
    }
    fmt::print("{}: {} detections, {:.1e} px\n", name_, found.size(), worst);
  }

  graph::Program detector() const {
    return graph::lower_detector(architecture_, {.height = kHeight, .width = kWidth, .classes = 5});
  }
};

TEST_F(ImportRetinaNetParity, OfTorchvision) {
  if (!make("retinanet-torchvision")) GTEST_SKIP() << log();
  import({.architecture = "resnet-50-fpn"});
  expect_whole();
  expect_detections(detections(expect_network(detector())));
}

// Its published file has the names of its first versions, and batch norms without an epsilon.
TEST_F(ImportRetinaNetParity, OfTorchvisionAsItIsPublished) {
  if (!make("retinanet-torchvision-published")) GTEST_SKIP() << log();
  import({.architecture = "resnet-50-fpn", .epsilon = 0.0});
  expect_whole();
  expect_detections(detections(expect_network(detector())));
}

struct PyramidCase {
  const char* oracle;
  const char* architecture;
  int min_level;
  arch::StridePlace stride_place = arch::StridePlace::conv3x3;  // of a DetNet
};

void PrintTo(const PyramidCase& c, std::ostream* out) {
  *out << c.oracle;
}

class ImportPyramidParity : public ImportDetectorParity, public testing::WithParamInterface<PyramidCase> {};

TEST_P(ImportPyramidParity, GivesTheMapsOfTheOriginal) {
  if (!make(GetParam().oracle)) GTEST_SKIP() << log();
  arch::Architecture asked = arch::named_architecture(GetParam().architecture);
  asked.min_level = GetParam().min_level;
  asked.max_level += std::holds_alternative<arch::HrNet>(asked.backbone) ? GetParam().min_level - 3 : 0;
  if (auto* detnet = std::get_if<arch::DetNet>(&asked.backbone)) detnet->stride_place = GetParam().stride_place;
  fixture::put_file(folder_ / "asked.json", to_text(arch::to_json(asked)));
  import({.architecture = (folder_ / "asked.json").string(), .classes = { { 1, "apple" } }});
  EXPECT_TRUE(imported_.report.left.empty()) << fmt::format("{}", fmt::join(imported_.report.left, "\n"));
  for (const std::string& name : imported_.report.missing) EXPECT_TRUE(name.starts_with("head.")) << name;
  expect_network(graph::lower_backbone(architecture_, {.height = kHeight, .width = kWidth}));
}

INSTANTIATE_TEST_SUITE_P(Written, ImportPyramidParity,
                         testing::Values(PyramidCase{"hrnet-w18-fpn", "hrnet-w18-fpn", 3},
                                         PyramidCase{"hrnet-w18-fpn-from-p2", "hrnet-w18-fpn", 2},
                                         PyramidCase{"detnet-59-fpn", "detnet-59-fpn", 3},
                                         PyramidCase{"detnet-59-fpn-from-p2", "detnet-59-fpn", 2,
                                                     arch::StridePlace::conv1x1}));

}  // namespace
}  // namespace spinenet
