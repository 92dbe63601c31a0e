// Weights that the real programs wrote, imported: our networks answer as theirs do.
//
// Runs where python3, or the program that SPINENET_PYTHON names, has the packages that make_import_oracle.py names;
// each model is skipped where they are missing.
#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/files.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "detect/yolo_head.h"
#include "formats/safetensors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "parity/oracle.h"
#include "runtime/import_model.h"
#include "runtime/prepare.h"

namespace spinenet {
namespace {

constexpr double kPixels = 1e-3;

struct Case {
  const char* oracle;
  const char* architecture;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.oracle;
}

class ImportParity : public testing::TestWithParam<Case> {
 protected:
  void expect_answers(const std::filesystem::path& file, const Weights& values) const {
    const runtime::ImportedModel imported = runtime::import_model(file, {.architecture = GetParam().architecture});
    EXPECT_TRUE(imported.report.left.empty()) << fmt::format("{}", fmt::join(imported.report.left, "\n"));
    EXPECT_TRUE(imported.report.missing.empty()) << fmt::format("{}", fmt::join(imported.report.missing, "\n"));
    const HostTensor &in = values.at("in"), &wanted = values.at("out");
    const graph::Program program =
        graph::lower_classifier(arch::architecture_from_json(imported.model.architecture, file.string()),
                                {.height = static_cast<int>(in.shape[2]),
                                 .width = static_cast<int>(in.shape[3]),
                                 .classes = static_cast<int>(imported.model.classes.size())});
    const HostTensor found = runtime::engine_forward_of(program, imported.model.weights, 2)(in).front();
    const double difference = relative_difference(found, wanted);
    EXPECT_LE(difference, kParityTolerance);
    fmt::print("{}, {}: {} parameters, error {:.1e} of the largest value\n", GetParam().oracle,
               file.filename().string(), imported.report.taken, difference);
  }

  // The raw outputs, and the detections that our decoding makes of the original's raw outputs.
  void expect_detections(const std::filesystem::path& file, const Weights& values) const {
    const runtime::ImportedModel imported = runtime::import_model(file, {.architecture = GetParam().architecture});
    EXPECT_TRUE(imported.report.missing.empty()) << fmt::format("{}", fmt::join(imported.report.missing, "\n"));
    const arch::Architecture architecture = arch::architecture_from_json(imported.model.architecture, file.string());
    const auto classes = static_cast<int>(imported.model.classes.size());
    const HostTensor& in = values.at("in");
    const graph::Program program = graph::lower_detector(
        architecture,
        {.height = static_cast<int>(in.shape[2]), .width = static_cast<int>(in.shape[3]), .classes = classes});
    const std::vector<HostTensor> found = runtime::engine_forward_of(program, imported.model.weights, 2)(in);
    std::vector<detect::YoloOutput> outputs;
    for (size_t i = 0; i < found.size(); ++i) {
      const HostTensor& wanted = values.at(program.outputs[i].name);
      ASSERT_EQ(found[i].shape, wanted.shape);
      const double difference = relative_difference(found[i], wanted);
      EXPECT_LE(difference, kParityTolerance) << program.outputs[i].name;
      fmt::print("{}, {}: error {:.1e} of the largest value\n", GetParam().oracle, program.outputs[i].name, difference);
      outputs.push_back({wanted.data.data(), static_cast<int>(wanted.shape[2]), static_cast<int>(wanted.shape[3])});
    }
    expect_same(
        detect::yolo_detections(outputs, graph::yolo_levels(architecture), classes,
                                {.score_threshold = 0.25F, .pre_nms = 100000, .iou = 0.45F, .max_detections = 100000}),
        values);
  }

  static void expect_same(const std::vector<detect::Detection>& found, const Weights& values) {
    const std::vector<float>& scores = values.at("scores").data;
    ASSERT_EQ(found.size(), scores.size());
    double worst = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].score, scores[i], 1e-5);
      EXPECT_EQ(found[i].label, static_cast<int>(values.at("labels").data[i]));
      const float* const box = values.at("boxes").data.data() + 4 * i;
      const float sides[]{found[i].box.x1, found[i].box.y1, found[i].box.x2, found[i].box.y2};
      for (size_t k = 0; k < 4; ++k) worst = std::max(worst, std::abs(static_cast<double>(sides[k]) - box[k]));
    }
    EXPECT_LE(worst, kPixels);
    fmt::print("{} detections, {:.1e} pixels apart at most\n", found.size(), worst);
  }

  fixture::ScratchFolder folder_;
};

TEST_P(ImportParity, AnswersAsTheOriginal) {
  if (!make_oracle("make_import_oracle.py", GetParam().oracle, folder_.path())) {
    GTEST_SKIP() << read_file(folder_ / "log");
  }
  const Weights values = formats::read_safetensors(folder_ / "values.safetensors").weights;
  for (const char* file : {"zip.pth", "row.pth", "plain.safetensors", "darknet.weights"}) {
    if (!std::filesystem::exists(folder_ / file)) continue;
    if (values.contains("out")) {
      expect_answers(folder_ / file, values);
    } else {
      expect_detections(folder_ / file, values);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Published, ImportParity,
                         testing::Values(Case{"resnet-50-torchvision", "resnet-50"},
                                         Case{"resnet-50-timm", "resnet-50"}, Case{"vgg-16-torchvision", "vgg-16"},
                                         Case{"vgg-16-bn-torchvision", "vgg-16-bn"},
                                         Case{"efficientnet-lite0-timm", "efficientnet-lite0"},
                                         Case{"efficientnet-lite0-real", "efficientnet-lite0"},
                                         Case{"hrnet-w18-timm", "hrnet-w18"}, Case{"detnet-59-written", "detnet-59"},
                                         Case{"cspdarknet-53-timm", "cspdarknet-53"},
                                         Case{"cspdarknet-53-darknet", "cspdarknet-53"},
                                         Case{"yolov4-darknet", "yolov4"}, Case{"yolov4-tiny-darknet", "yolov4-tiny"}));

}  // namespace
}  // namespace spinenet
