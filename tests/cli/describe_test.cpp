// spinenet describe.
#include "arch/families.h"
#include "arch/text.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "cli/program.h"

namespace spinenet {
namespace {

class Describe : public ProgramTest {};

TEST_F(Describe, GivesPublishedNumbers) {
  const Json json = run_json("describe spinenet-49 --json");
  EXPECT_EQ(json["architecture"], "spinenet-49");
  EXPECT_EQ(json["task"], "detect");
  EXPECT_EQ(json["image_size"], 640);
  EXPECT_NEAR(json["parameters"].get<double>() / 1e6, 28.54, 0.05);
  EXPECT_NEAR(json["multiply_adds"].get<double>() / 1e9, 85.28, 0.2);
  EXPECT_EQ(json["blocks"].size(), 17U);
}

TEST_F(Describe, KnowsEveryName) {
  for (const std::string& name : arch::architecture_names()) {
    EXPECT_EQ(run_json("describe " + name + " --json --size 128")["architecture"], name);
  }
}

TEST_F(Describe, ShowsATable) {
  const std::string table = run("describe spinenet-49 --size 896 --classes 10").out;
  EXPECT_NE(table.find("896x896, 10 classes"), std::string::npos) << table;
  EXPECT_NE(table.find("multiply-adds"), std::string::npos);
  EXPECT_NE(table.find("bottleneck"), std::string::npos);
}

TEST_F(Describe, WritesADrawing) {
  EXPECT_EQ(run("describe r0-sp53 --svg drawing.svg").status, 0);
  EXPECT_TRUE(read_file(folder_ / "drawing.svg").starts_with("<svg "));
  EXPECT_EQ(run("describe r0-sp53 --svg no/such/folder.svg").status, 1);
}

TEST_F(Describe, ReadsAnArchitectureFile) {
  arch::Architecture a = arch::named_architecture("r0-sp53");
  a.name = "mine";
  fixture::put_file(folder_ / "mine.json", to_text(to_json(a)));
  EXPECT_EQ(run_json("describe mine.json --json")["architecture"], "mine");
}

TEST_F(Describe, NamesThePlaceOfAFault) {
  Json json = to_json(arch::named_architecture("r0-sp53"));
  json["backbone"]["blocks"][3]["levle"] = 2;
  fixture::put_file(folder_ / "broken.json", to_text(json));
  const Outcome outcome = run("describe broken.json");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("broken.json/backbone/blocks/3"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("did you mean \"level\"?"), std::string::npos) << outcome.err;
  fixture::put_file(folder_ / "cut.json", "{\"name\": \"x\",");
  EXPECT_EQ(run("describe cut.json").status, 65);
  EXPECT_EQ(run("describe missing.json").status, 1);
}

TEST_F(Describe, ReadsAModel) {
  formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
  const Json json = run_json("describe tiny.safetensors --json");
  EXPECT_EQ(json["architecture"], "tiny");
  EXPECT_EQ(json["image_size"], 128);
  EXPECT_EQ(json["classes"], 2);
  EXPECT_EQ(run_json("describe tiny.safetensors --json --size 256 --classes 5")["classes"], 5);
}

TEST_F(Describe, RefusesAFileThatIsNoModel) {
  fixture::put_file(folder_ / "no.safetensors", "these are not tensors");
  EXPECT_EQ(run("describe no.safetensors").status, 65);
}

TEST_F(Describe, CountsClassifiers) {
  const Json json = run_json("describe spinenet-49 --task classify --classes 1001 --json");
  EXPECT_EQ(json["task"], "classify");
  EXPECT_EQ(json["image_size"], 224);
  EXPECT_NEAR(json["parameters"].get<double>() / 1e6, 22.09, 0.05);
  EXPECT_NEAR(json["multiply_adds"].get<double>() / 1e9, 3.48, 0.01);
  EXPECT_EQ(run_json("describe resnet-50 --json")["task"], "classify");
  const Outcome outcome = run("describe resnet-50 --task detect");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("use one with a pyramid"), std::string::npos) << outcome.err;
}

TEST_F(Describe, CountsTheTwoStagesOfMaskRcnn) {
  const Json json = run_json("describe spinenet-49 --task segment --classes 90 --json");
  EXPECT_EQ(json["task"], "segment");
  EXPECT_NEAR(json["parameters"].get<double>() / 1e6, 40.8, 0.2);
  EXPECT_NEAR(json["multiply_adds"].get<double>() / 1e9, 216.1, 1.0);
  EXPECT_GT(json["parts"]["box_head"]["multiply_adds"], json["parts"]["rpn"]["multiply_adds"]);
}

TEST_F(Describe, CountsYolo) {
  const Json json = run_json("describe yolov4 --size 608 --classes 80 --json");
  EXPECT_EQ(json["task"], "detect");
  EXPECT_EQ(json["parameters"], 64'363'101);
  EXPECT_NEAR(json["multiply_adds"].get<double>() / 1e9, 64.1947, 0.001);
  EXPECT_EQ(json["input_size"], 608);
  EXPECT_GT(json["parts"]["neck"]["parameters"], json["parts"]["head"]["parameters"]);
  EXPECT_EQ(run_json("describe yolov4-tiny --size 400 --classes 80 --json")["input_size"], 416);
  const Outcome outcome = run("describe yolov4 --task segment");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("a YOLO head gives boxes and no masks"), std::string::npos) << outcome.err;
}

TEST_F(Describe, CountsEachHeadOfACascade) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.two_stage.box_thresholds = {0.6, 0.7};
  fixture::put_file(folder_ / "cascade.json", to_text(to_json(a)));
  const Json parts = run_json("describe cascade.json --task segment --json")["parts"];
  EXPECT_GT(parts["box_head"]["parameters"], 0);
  EXPECT_EQ(parts["box_head2"], parts["box_head"]);
}

}  // namespace
}  // namespace spinenet
