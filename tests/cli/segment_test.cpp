// A model with masks in spinenet predict, eval and export.
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "detect/mask.h"
#include "formats/onnx/file.h"
#include "image/decode.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class Segment : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_segmenter());
    fixture::put_file(folder_ / "a.png", image::encode_png(test_image(90, 120, 1)));
  }

  // Of two images with an object each, its mask an eight-cornered polygon.
  void write_set() const {
    Json json{{"images", Json::array()},
              {"categories", {{{"id", 3}, {"name", "apple"}}, {{"id", 7}, {"name", "pear"}}}},
              {"annotations", Json::array()}};
    for (int i = 1; i <= 2; ++i) {
      const std::string name = fmt::format("{}.png", i);
      fixture::put_file(folder_ / name, image::encode_png(test_image(90, 120, i)));
      json["images"].push_back(Json{{"id", 10 * i}, {"file_name", name}, {"height", 90}, {"width", 120}});
      json["annotations"].push_back(
          Json{{"id", i},
               {"image_id", 10 * i},
               {"category_id", i == 2 ? 7 : 3},
               {"bbox", {10, 10, 60, 50}},
               {"area", 2600},
               {"iscrowd", 0},
               {"segmentation", {{20, 10, 60, 10, 70, 20, 70, 50, 60, 60, 20, 60, 10, 50, 10, 20}}}});
    }
    fixture::put_file(folder_ / "val.json", to_text(json));
  }
};

detect::Rle mask_of(const Json& result) {
  const Json& mask = result.at("segmentation");
  return detect::rle_from_text(mask.at("counts").get<std::string>(), mask.at("size")[0].get<int64_t>(),
                               mask.at("size")[1].get<int64_t>());
}

TEST_F(Segment, IsCalibratedAndRunsInBytes) {
  write_set();
  const Json made = run_json(
      "calibrate tiny.safetensors 1.png 2.png --out int8.safetensors --annotations val.json --layer-error 1e9 "
      "--output-error 1e9 -q --json");
  EXPECT_EQ(made["images"], 2);
  EXPECT_TRUE(made["kept_in_fp32"].empty());
  EXPECT_EQ(made["formats"]["ap"].size(), made["formats"]["output_error"].size() + 1) << "and fp32";
  const std::string predict = "predict int8.safetensors a.png --json --threshold 0 --max 8 -q";
  const Json exact = run_json(predict), bytes = run_json(predict + " --precision int8");
  EXPECT_EQ(exact, run_json("predict tiny.safetensors a.png --json --threshold 0 --max 8 -q"));
  ASSERT_EQ(bytes.size(), 8U);
  EXPECT_NE(bytes, exact);
  EXPECT_NEAR(bytes[0]["score"].get<double>(), exact[0]["score"].get<double>(), 0.05);
  const Outcome chosen = run("predict int8.safetensors a.png --json --precision auto --size 160");
  EXPECT_EQ(chosen.status, 0) << chosen.err;
  EXPECT_NE(chosen.err.find("precision auto: "), std::string::npos) << chosen.err;
  const Json cold = run_json(predict + " --precision int8 --cache packed");
  EXPECT_EQ(cold, bytes);
  EXPECT_EQ(run_json(predict + " --precision int8 --cache packed"), bytes) << "packed weights of every network";
}

TEST_F(Segment, ACalibrationIsNotMeasuredByMasksThatAreMissing) {
  write_set();
  Json json = Json::parse(read_file(folder_ / "val.json"));
  json["annotations"][1].erase("segmentation");
  fixture::put_file(folder_ / "boxes.json", to_text(json));
  const Outcome refused = run("calibrate tiny.safetensors 1.png 2.png --out no.safetensors --annotations boxes.json");
  EXPECT_EQ(refused.status, 65);
  EXPECT_NE(refused.err.find("boxes.json"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no.safetensors"));
}

TEST_F(Segment, PredictWritesTheMaskOfEachObject) {
  const Json results = run_json("predict tiny.safetensors a.png --json --threshold 0 --max 8");
  ASSERT_EQ(results.size(), 8U);
  uint64_t pixels = 0;
  for (const Json& result : results) {
    const detect::Rle mask = mask_of(result);
    EXPECT_EQ(mask.height, 90);
    EXPECT_EQ(mask.width, 120);
    pixels += detect::area(mask);
    if (detect::area(mask) == 0) continue;
    const auto box = result.at("bbox").get<std::vector<double>>();
    const std::vector<double> of_mask = detect::bounding_box(mask);
    EXPECT_GE(of_mask[0], box[0] - 1);
    EXPECT_GE(of_mask[1], box[1] - 1);
    EXPECT_LE(of_mask[0] + of_mask[2], box[0] + box[2] + 1);
    EXPECT_LE(of_mask[1] + of_mask[3], box[1] + box[3] + 1);
  }
  EXPECT_GT(pixels, 0U);
}

TEST_F(Segment, PredictDrawsTheMasks) {
  const Outcome outcome =
      run("predict tiny.safetensors a.png --out drawn --json found.json --threshold 0 --max 3 --no-enlarge");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const image::Image before = test_image(90, 120, 1), after = image::read_image(folder_ / "drawn/a.png");
  ASSERT_EQ(after.pixels.size(), before.pixels.size());
  size_t inside = 0, changed = 0;
  for (const Json& result : read_json(folder_ / "found.json")) {
    const detect::Rle mask = mask_of(result);
    const std::vector<uint8_t> pixels = detect::decode_mask(mask);
    for (size_t i = 0; i < pixels.size(); ++i) {
      if (pixels[i] == 0) continue;
      const int x = static_cast<int>(i) % 120, y = static_cast<int>(i) / 120;
      ++inside;
      changed += std::equal(before.at(y, x), before.at(y, x) + 3, after.at(y, x)) ? 0 : 1;
    }
  }
  EXPECT_GT(inside, 0U);
  EXPECT_GE(changed, inside * 9 / 10) << "of " << inside << " pixels of masks";
}

TEST_F(Segment, EvalMeasuresMasksAndBoxes) {
  write_set();
  const std::string of_model = "eval tiny.safetensors --annotations val.json --images . -q";
  const Json both = run_json(of_model + " --json --save-results found.json");
  EXPECT_EQ(run_json("eval --annotations val.json --results found.json --iou bbox --json"), both.at("bbox"));
  Json masks = both;
  masks.erase("bbox");
  EXPECT_EQ(run_json("eval --annotations val.json --results found.json --iou segm --json"), masks);
  EXPECT_EQ(run_json(of_model + " --json --iou segm"), masks);
  const std::string table = run(of_model).out;
  EXPECT_LT(table.find("masks\n"), table.find("\nboxes\n")) << table;
  EXPECT_NE(table.find("\nboxes\n"), std::string::npos) << table;
}

TEST_F(Segment, EvalNeedsMasksToMeasureThem) {
  write_set();
  Json json = read_json(folder_ / "val.json");
  json["annotations"][1].erase("segmentation");
  fixture::put_file(folder_ / "val.json", to_text(json));
  const std::string of_model = "eval tiny.safetensors --annotations val.json --images . -q";
  const Outcome outcome = run(of_model);
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("val.json"), std::string::npos) << outcome.err;
  EXPECT_EQ(run(of_model + " --iou bbox").status, 0);
}

TEST_F(Segment, ExportWritesACheckedFile) {
  const Json json = run_json("export tiny.safetensors --onnx tiny.onnx --json");
  EXPECT_EQ(json["form"], "detections");
  EXPECT_EQ(json["batch"], 1);
  EXPECT_EQ(json["outputs"], (Json{"boxes", "scores", "labels", "count", "masks"}));
  EXPECT_EQ(json["checks"].size(), 9U);
  EXPECT_LE(json["error"].get<double>(), 1e-4);
  const formats::OnnxFile file = formats::parse_onnx(read_file(folder_ / "tiny.onnx"), "tiny.onnx");
  EXPECT_EQ(file.metadata.at("task"), "segment");
  EXPECT_EQ(parse_json(file.metadata.at("proposals"), "proposals")["post_nms"], 1000);
  EXPECT_EQ(run("export tiny.safetensors --onnx any.onnx --size any --batch 1 --max 20").status, 0);
}

TEST_F(Segment, ExportNamesWhatItCannotWrite) {
  const std::vector<std::pair<std::string, std::string>> lines{
      {"--batch any", "a model that segments takes one image a run; use a batch of 1"},
      {"--batch 4", "a model that segments takes one image a run; use a batch of 1"},
      {"--form raw", "no form \"raw\" of a model whose task is segment; use detections"},
      {"--form boxes", "no form \"boxes\" of a model whose task is segment; use detections"},
      {"--form detection", "did you mean \"detections\"?"},
  };
  for (const auto& [flags, message] : lines) {
    const Outcome outcome = run("export tiny.safetensors --onnx x.onnx " + flags);
    EXPECT_EQ(outcome.status, 2) << flags;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << flags << "\n" << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.onnx"));
  }
}

}  // namespace
}  // namespace spinenet
