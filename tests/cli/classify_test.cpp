// Classifiers with spinenet predict and spinenet eval.
#include <cmath>

#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/decode.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class Classify : public ProgramTest {
 protected:
  // Two images of each class, in folders and in a JSON file.
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_classifier());
    for (int i = 1; i <= 4; ++i) {
      const std::string name = fmt::format("set/{}/{}.png", i <= 2 ? "apple" : "pear", i);
      std::filesystem::create_directories((folder_ / name).parent_path());
      fixture::put_file(folder_ / name, image::encode_png(test_image(40, 50 + i, i)));
    }
  }

  void write_annotations(std::string_view categories) const {
    std::string images, annotations;
    for (int i = 1; i <= 4; ++i) {
      const char* comma = i < 4 ? "," : "";
      images +=
          fmt::format(R"({{"id":{},"file_name":"set/{}/{}.png"}}{})", 10 * i, i <= 2 ? "apple" : "pear", i, comma);
      annotations += fmt::format(R"({{"id":{},"image_id":{},"category_id":{}}}{})", i, 10 * i, i <= 2 ? 3 : 7, comma);
    }
    fixture::put_file(folder_ / "val.json", fmt::format(R"({{"images":[{}],"annotations":[{}],"categories":[{}]}})",
                                                        images, annotations, categories));
  }
};

TEST_F(Classify, PredictGivesClassesWithScores) {
  const Json found = run_json("predict tiny.safetensors set/apple set/pear --json --threshold 0");
  ASSERT_EQ(found.size(), 4U);
  for (const Json& entry : found) {
    ASSERT_EQ(entry.at("classes").size(), 2U);
    EXPECT_EQ(entry.at("guesses"), entry.at("classes")) << "the former is its name up to 0.2";
    EXPECT_EQ(entry.at("category"), entry.at("classes")[0].at("category"));
    EXPECT_EQ(entry.at("category_id"), entry.at("category") == "apple" ? 3 : 7);
    const double first = entry.at("classes")[0].at("score");
    const double second = entry.at("classes")[1].at("score");
    EXPECT_GE(first, second);
    EXPECT_NEAR(first + second, 1, 1e-6);
  }
  const Json sure = run_json("predict tiny.safetensors set/apple --json --threshold 1");
  EXPECT_EQ(sure[0].at("classes").size(), 1U) << "the first class is always given";
}

TEST_F(Classify, PredictGivesTheClassesThatAreAskedForAlone) {
  const std::string line = "predict tiny.safetensors set/apple --json --threshold 0";
  const Json all = run_json(line);
  const Json pears = run_json(line + " --classes pear");
  ASSERT_EQ(pears.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(pears[i].at("classes").size(), 1U);
    EXPECT_EQ(pears[i].at("category"), "pear");
    const auto& both = all[i].at("classes");
    EXPECT_EQ(pears[i].at("score"), both[both[0].at("category") == "pear" ? 0 : 1].at("score"));
  }
  for (const char* flag : {"--iou 0.4", "--agnostic-nms", "--max-per-class 2", "--line-width 2"}) {
    const Outcome outcome = run(fmt::format("predict tiny.safetensors set/apple --out drawn {}", flag));
    EXPECT_EQ(outcome.status, 2) << flag;
    EXPECT_NE(outcome.err.find("is for models that find objects"), std::string::npos) << outcome.err;
  }
}

TEST_F(Classify, PredictGivesAsManyClassesAsAreAskedFor) {
  const auto count = [&](const std::string& flags) {
    return run_json("predict tiny.safetensors set/apple/1.png --json " + flags)[0].at("classes").size();
  };
  EXPECT_EQ(count(""), 2U) << "the best five, of two";
  EXPECT_EQ(count("--max 3"), 2U);
  EXPECT_EQ(count("--max 1"), 1U);
  EXPECT_EQ(count("--max 3 --threshold 0.99"), 1U);
  const Outcome outcome = run("predict tiny.safetensors set/apple/1.png --max-per-class 2");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("for models that find objects"), std::string::npos) << outcome.err;
  EXPECT_EQ(run("eval tiny.safetensors --images set --max-detections 5").status, 2);
}

TEST_F(Classify, PredictDrawsTheClass) {
  const Outcome outcome = run("predict tiny.safetensors set/apple --out drawn");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("1.png (51x40): "), std::string::npos) << outcome.out;
  EXPECT_NE(image::read_image(folder_ / "drawn/1.png").pixels, test_image(40, 51, 1).pixels);
}

TEST_F(Classify, EvalAgreesWithPredict) {
  const Json found = run_json("predict tiny.safetensors set/apple set/pear --json");
  double right = 0;
  for (size_t i = 0; i < 4; ++i) right += found[i].at("category") == (i < 2 ? "apple" : "pear") ? 1 : 0;
  const Json folders = run_json("eval tiny.safetensors --images set --json");
  EXPECT_EQ(folders.at("top1").get<double>(), right / 4);
  EXPECT_EQ(folders.at("top5").get<double>(), 1);
  EXPECT_EQ(folders.at("pictures"), 4);
  EXPECT_EQ(folders.at("per_class")[1].at("id"), 7);
  EXPECT_EQ(folders.at("confusion").at("ids"), Json({3, 7}));
  EXPECT_EQ(folders.at("calibration").size(), 15U);
  write_annotations(R"({"id":3,"name":"apple","family":"rose"},{"id":7,"name":"pear","family":"rose"})");
  const Json file =
      run_json("eval tiny.safetensors --annotations val.json --images . --group-key family --batch 3 --json");
  EXPECT_EQ(file.at("top1"), folders.at("top1"));
  EXPECT_EQ(file.at("per_group").size(), 1U);
  EXPECT_EQ(file.at("group_top1"), 1.0);
  EXPECT_NE(run("eval tiny.safetensors --images set").out.find("top1"), std::string::npos);
}

TEST_F(Classify, EvalNamesClassesThatTheModelDoesNotKnow) {
  std::filesystem::rename(folder_ / "set/pear", folder_ / "set/peer");
  const Outcome outcome = run("eval tiny.safetensors --images set");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("did you mean \"pear\"?"), std::string::npos) << outcome.err;
  write_annotations(R"({"id":3,"name":"pear"},{"id":7,"name":"apple"})");
  const Outcome swapped = run("eval tiny.safetensors --annotations val.json --images .");
  EXPECT_EQ(swapped.status, 65);
  EXPECT_NE(swapped.err.find("in the training set it has id"), std::string::npos) << swapped.err;
}

TEST_F(Classify, GarmentsAreMeasuredForAModelOfGarmentsAlone) {
  const std::string garments = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(garments)) GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  const Outcome outcome = run("eval tiny.safetensors --images " + garments);
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("the model's classes are not the ten of Fashion-MNIST"), std::string::npos) << outcome.err;
}

TEST_F(Classify, ACenterCropThatIsNoShareIsNamed) {
  formats::ModelFile model = tiny_classifier();
  model.extra.insert_or_assign("center_crop", "most");
  formats::write_model(fixture::output(folder_ / "wrong.safetensors"), model);
  const Outcome outcome = run("predict wrong.safetensors set/apple");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("\"center_crop\" is \"most\""), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace spinenet
