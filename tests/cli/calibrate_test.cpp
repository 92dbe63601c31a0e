// spinenet calibrate, and int8 where a model is run.
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class Calibrate : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
    std::filesystem::create_directories(folder_ / "set");
    for (int i = 1; i <= 3; ++i) {
      fixture::put_file(folder_ / fmt::format("set/{}.png", i), image::encode_png(test_image(80, 60 + i, i)));
    }
  }
};

TEST_F(Calibrate, MakesAModelThatRunsInBytesAndAsBefore) {
  const Json made = run_json("calibrate tiny.safetensors set --out int8.safetensors --most 2 -q --json");
  EXPECT_EQ(made["images"], 2);
  EXPECT_EQ(made["pictures"], 2) << "its name up to 0.2";
  EXPECT_LE(made["output_error"].get<double>(), 0.1);
  const Json before = run_json("predict tiny.safetensors set --json --threshold 0 -q");
  EXPECT_EQ(run_json("predict int8.safetensors set --json --threshold 0 -q"), before);
  const Json bytes = run_json("predict int8.safetensors set --json --threshold 0 -q --precision int8");
  ASSERT_FALSE(bytes.empty());
  EXPECT_NE(bytes, before) << "bytes are not floats";
  EXPECT_NEAR(bytes[0]["score"].get<double>(), before[0]["score"].get<double>(), 0.05);
  EXPECT_EQ(run_json("bench int8.safetensors --precision int8 --runs 1 --json")["precision"], "int8");
}

TEST_F(Calibrate, KeepsInFloatsWhatTheErrorAsksFor) {
  const Json made = run_json("calibrate tiny.safetensors set --out kept.safetensors --layer-error 0 -q --json");
  EXPECT_GT(made["kept_in_fp32"].size(), 10U);
  EXPECT_LT(made["output_error"].get<double>(), 1e-3);
}

TEST_F(Calibrate, CalibratesClassifiers) {
  formats::write_model(fixture::output(folder_ / "classes.safetensors"), tiny_classifier());
  run_json("calibrate classes.safetensors set --out classes8.safetensors -q --json");
  EXPECT_EQ(run_json("predict classes8.safetensors set --json -q --precision int8").size(), 3U);
}

TEST_F(Calibrate, NamesTheRemedyOfAModelWithoutOne) {
  const Outcome result = run("predict tiny.safetensors set --precision int8");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("spinenet calibrate MODEL IMAGES"), std::string::npos) << result.err;
  EXPECT_EQ(run("predict tiny.safetensors set --precision int9").status, 2);
  const Outcome nowhere = run("calibrate tiny.safetensors set --out nowhere/int8.safetensors");
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_NE(nowhere.err.find("the folder does not exist"), std::string::npos) << nowhere.err;
}

TEST_F(Calibrate, RefusesACalibrationOfOtherWeights) {
  run_json("calibrate tiny.safetensors set --out int8.safetensors -q --json");
  formats::ModelFile model = formats::read_model(folder_ / "int8.safetensors");
  model.weights.begin()->second.data[0] += 1;
  formats::write_model(fixture::output(folder_ / "later.safetensors"), model);
  const Outcome result = run("predict later.safetensors set --precision int8");
  EXPECT_EQ(result.status, 65);
  EXPECT_NE(result.err.find("calibrate again"), std::string::npos) << result.err;
  model.extra["calibration"] = "{}";
  formats::write_model(fixture::output(folder_ / "broken.safetensors"), model);
  EXPECT_EQ(run("predict broken.safetensors set --precision int8").status, 65);
}

}  // namespace
}  // namespace spinenet
