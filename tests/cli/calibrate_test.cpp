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

TEST_F(Calibrate, AutoTakesAFormatThatWasFoundNear) {
  const Json made = run_json("calibrate tiny.safetensors set --out int8.safetensors -q --json");
  EXPECT_EQ(made["formats"]["output_error"]["int8"], made["output_error"]);
  const Outcome found = run("predict int8.safetensors set --json --threshold 0 --precision auto");
  EXPECT_EQ(found.status, 0);
  EXPECT_NE(found.err.find("precision auto: "), std::string::npos) << found.err;
  const std::string taken = run_json("bench int8.safetensors --precision auto --runs 1 --json")["precision"];
  EXPECT_TRUE(taken == "fp32" || taken == "bf16" || taken == "int8") << taken;
  const Outcome unknown = run("predict tiny.safetensors set --json --threshold 0 --precision auto");
  EXPECT_EQ(unknown.status, 0);
  EXPECT_NE(unknown.err.find("precision auto: fp32, since the model was not measured in other formats"),
            std::string::npos)
      << unknown.err;
  EXPECT_EQ(run("predict tiny.safetensors set --json --threshold 0 -q").out, unknown.out);
}

TEST_F(Calibrate, MeasuresApWhereThereAreAnnotations) {
  fixture::put_file(folder_ / "val.json", R"({"categories": [{"id": 3, "name": "apple"}, {"id": 7, "name": "pear"}],
 "images": [{"id": 1, "file_name": "1.png", "width": 61, "height": 80}, {"id": 9, "file_name": "2.png", "width": 62, "height": 80}],
 "annotations": [{"id": 1, "image_id": 9, "category_id": 3, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0}]})");
  const Outcome told = run("calibrate tiny.safetensors set --out int8.safetensors --json --annotations val.json");
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_NE(told.err.find("1 of 3 images are not listed"), std::string::npos) << told.err;
  const Json formats = Json::parse(told.out)["formats"];
  EXPECT_EQ(formats["images"], 2);
  for (const char* name : {"fp32", "int8"}) EXPECT_GE(formats["ap"][name].get<double>(), 0) << name;
  formats::write_model(fixture::output(folder_ / "classes.safetensors"), tiny_classifier());
  EXPECT_EQ(run("calibrate classes.safetensors set --out no.safetensors --annotations val.json").status, 2);
  fixture::put_file(folder_ / "empty.json", R"({"categories": [{"id": 3, "name": "apple"}, {"id": 7, "name": "pear"}],
 "images": [{"id": 1, "file_name": "1.png", "width": 61, "height": 80}], "annotations": []})");
  const Outcome empty = run("calibrate tiny.safetensors set --out no.safetensors --annotations empty.json");
  EXPECT_EQ(empty.status, 65);
  EXPECT_NE(empty.err.find("nothing is to be found"), std::string::npos) << empty.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no.safetensors"));
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
