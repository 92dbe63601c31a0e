// spinenet export.
#include "base/files.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "formats/onnx/file.h"

namespace spinenet {
namespace {

class Export : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
  }

  formats::OnnxFile exported(const std::string& name) const {
    return formats::parse_onnx(read_file(folder_ / name), name);
  }
};

TEST_F(Export, WritesACheckedFile) {
  const Json json = run_json("export tiny.safetensors --onnx tiny.onnx --json");
  EXPECT_EQ(json["form"], "detections");
  EXPECT_EQ(json["batch"], "any");
  EXPECT_EQ(json["height"], 128);
  EXPECT_EQ(json["outputs"], (Json{"boxes", "scores", "labels", "count"}));
  EXPECT_EQ(json["checks"].size(), 6U);
  EXPECT_LE(json["error"].get<double>(), 1e-5);
  const formats::OnnxFile file = exported("tiny.onnx");
  EXPECT_EQ(file.producer_version, SPINENET_TEST_VERSION);
  EXPECT_EQ(parse_json(file.metadata.at("classes"), "classes"),
            parse_json(R"([{"id": 3, "name": "apple"}, {"id": 7, "name": "pear"}])", "expected"));
  EXPECT_EQ(json["bytes"], std::filesystem::file_size(folder_ / "tiny.onnx"));
}

TEST_F(Export, TakesFormSizeAndBatch) {
  const Outcome outcome = run("export tiny.safetensors --onnx raw.onnx --form raw --size any --batch 2");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("raw.onnx: ")) << outcome.out;
  EXPECT_NE(outcome.out.find("network 256x128, batch 1"), std::string::npos) << outcome.out;
  using Extents = std::vector<formats::OnnxExtent>;
  EXPECT_EQ(exported("raw.onnx").inputs[0].shape,
            (Extents{int64_t{2}, int64_t{3}, std::string("height"), std::string("width")}));
  EXPECT_EQ(exported("raw.onnx").metadata.at("image_size"), "[128,128]");
  EXPECT_EQ(run("export tiny.safetensors --onnx boxes.onnx --form boxes --size 200").status, 0);
  EXPECT_EQ(exported("boxes.onnx").metadata.at("image_size"), "[200,200]");
  EXPECT_EQ(exported("boxes.onnx").inputs[0].shape,
            (Extents{std::string("batch"), int64_t{3}, int64_t{256}, int64_t{256}}));
}

TEST_F(Export, LeavesNothingWhereTheCheckFails) {
  fixture::put_file(folder_ / "tiny.onnx", "older");
  const Outcome outcome = run("export tiny.safetensors --onnx tiny.onnx --form raw --limit 0 --overwrite");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("error: tiny.onnx: differs from the model by "), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(read_file(folder_ / "tiny.onnx"), "older");
}

TEST_F(Export, NamesWhatIsWrong) {
  fixture::put_file(folder_ / "text.safetensors", "no model");
  const std::vector<std::tuple<std::string, int, std::string>> lines{
      {"export tiny.safetensors", 2, "--onnx is required"},
      {"export tiny.safetensors --onnx x.onnx --form detection", 2, "did you mean \"detections\"?"},
      {"export tiny.safetensors --onnx x.onnx --form svg", 2, "use one of raw, boxes, detections"},
      {"export tiny.safetensors --onnx x.onnx --form scores", 2, "no form \"scores\" of a model whose task is detect"},
      {"export tiny.safetensors --onnx x.onnx --size 100x128", 2, "--size 100x128 is no multiple of 128; use 128x128"},
      {"export tiny.safetensors --onnx x.onnx --size 12a", 2, "give N, HEIGHTxWIDTH, or any"},
      {"export tiny.safetensors --onnx x.onnx --size 0x128", 2, "give N, HEIGHTxWIDTH, or any"},
      {"export tiny.safetensors --onnx x.onnx --batch 0", 2, "--batch 0; give a number from 1, or any"},
      {"export tiny.safetensors --onnx x.onnx --max 9000", 2, "9000 detections of 5000 candidates at most"},
      {"export tiny.safetensors --onnx none/x.onnx", 1, "none: the folder does not exist; make it first"},
      {"export text.safetensors --onnx x.onnx", 65, "text.safetensors"},
      {"export missing.safetensors --onnx x.onnx", 1, "missing.safetensors"},
  };
  for (const auto& [line, status, message] : lines) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, status) << line << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << line << "\n" << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.onnx")) << line;
  }
}

}  // namespace
}  // namespace spinenet
