// spinenet eval.
#include <map>

#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class Eval : public ProgramTest {
 protected:
  // Three images with a box each, and a model that knows the categories.
  void write_set() const {
    Json json{{"images", Json::array()},
              {"categories", {{{"id", 3}, {"name", "apple"}}, {{"id", 7}, {"name", "pear"}}}},
              {"annotations", Json::array()}};
    for (int i = 1; i <= 3; ++i) {
      const std::string name = fmt::format("{}.png", i);
      json["images"].push_back(Json{{"id", 10 * i}, {"file_name", name}, {"height", 80}, {"width", 60 + i}});
      json["annotations"].push_back(Json{{"id", i},
                                         {"image_id", 10 * i},
                                         {"category_id", i == 2 ? 7 : 3},
                                         {"bbox", {5, 6, 30, 40}},
                                         {"area", 1200},
                                         {"iscrowd", 0}});
      fixture::put_file(folder_ / name, image::encode_png(test_image(80, 60 + i, i)));
    }
    fixture::put_file(folder_ / "val.json", to_text(json));
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
  }

  void expect_golden(const std::filesystem::path& truth, const std::filesystem::path& results,
                     const std::filesystem::path& expected, const std::string& iou) const {
    if (!std::filesystem::exists(expected)) GTEST_SKIP() << "needs " << expected;
    const Json found = run_json(
        fmt::format("eval --annotations '{}' --results '{}' --iou {} --json", truth.string(), results.string(), iou));
    const Json answers = read_json(expected)["metrics"];
    ASSERT_EQ(answers.size(), 12U);
    for (const auto& [name, value] : answers.items()) {
      EXPECT_EQ(found[name].get<double>(), value.get<double>()) << name;
    }
    EXPECT_FALSE(found["per_class"].empty());
  }

  std::filesystem::path shared_ = std::filesystem::path(SPINENET_SHARED_DIR) / "data";
};

TEST_F(Eval, GivesTheNumbersOfTheCocoApiForBoxes) {
  const auto golden = shared_ / "coco_golden";
  expect_golden(golden / "instances_val2014_100.json", golden / "instances_val2014_fakebbox100_results.json",
                golden / "val2014_100_bbox_expected.json", "bbox");
}

TEST_F(Eval, GivesTheNumbersOfTheCocoApiForMasks) {
  const auto golden = shared_ / "coco_golden";
  expect_golden(shared_ / "coco_cc" / "annotations" / "val.json", golden / "coco_cc_val_segm_results.json",
                golden / "coco_cc_val_segm_expected.json", "segm");
}

TEST_F(Eval, OfAModelEqualsEvalOfItsResults) {
  write_set();
  const Json direct =
      run_json("eval tiny.safetensors --annotations val.json --images . --save-results found.json --json -q --batch 2");
  EXPECT_GT(read_json(folder_ / "found.json").size(), 0U);
  EXPECT_EQ(run_json("eval --annotations val.json --results found.json --json"), direct);
  const Outcome table = run("eval --annotations val.json --results found.json");
  EXPECT_NE(table.out.find("AP50"), std::string::npos);
  EXPECT_NE(table.out.find("apple"), std::string::npos);
}

TEST_F(Eval, KeepsToTheNumberOfDetections) {
  write_set();
  const auto found = [&](const std::string& flags) {
    run_json(
        "eval tiny.safetensors --annotations val.json --images . --overwrite --save-results found.json --json -q " +
        flags);
    std::map<std::pair<int, int>, int> count;
    for (const Json& result : read_json(folder_ / "found.json")) {
      ++count[{result["image_id"].get<int>(), result["category_id"].get<int>()}];
    }
    return count;
  };
  int most = 0;
  for (const auto& [cell, count] : found("--max-detections 3")) most = std::max(most, count);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 3);
  for (const auto& [cell, count] : found("--max-per-class 2")) EXPECT_LE(count, 2);
  const Json json = run_json("eval --annotations val.json --results found.json --max-detections 3 --json");
  EXPECT_TRUE(json.contains("AR3"));
  EXPECT_FALSE(json.contains("AR100"));
  EXPECT_EQ(run("eval --annotations val.json --results found.json --max-per-class 3").status, 2);
}

TEST_F(Eval, WithoutClassesABoxOfAnotherClassIsFound) {
  write_set();
  const Json annotations = read_json(folder_ / "val.json");
  Json results = Json::array();
  for (const Json& truth : annotations["annotations"]) {
    for (const Json& category : annotations["categories"]) {
      if (category["id"] == truth["category_id"]) continue;
      results.push_back(
          {{"image_id", truth["image_id"]}, {"category_id", category["id"]}, {"bbox", truth["bbox"]}, {"score", 0.5}});
      break;
    }
  }
  fixture::put_file(folder_ / "r.json", to_text(results));
  const Json strict = run_json("eval --annotations val.json --results r.json --json");
  const Json agnostic = run_json("eval --annotations val.json --results r.json --class-agnostic --json");
  EXPECT_GT(agnostic["AP"].get<double>(), 0.9);
  EXPECT_LT(strict["AP"].get<double>(), 0.1);
  EXPECT_EQ(agnostic["per_class"][0]["name"], "all");
}

TEST_F(Eval, SaysOnceWhatIsBeyondTheLimit) {
  write_set();
  Json results = Json::array();
  for (int i = 0; i < 103; ++i) {
    results.push_back({{"image_id", 10}, {"category_id", 3}, {"bbox", {1, 2, 3, 4}}, {"score", 0.5}});
  }
  fixture::put_file(folder_ / "r.json", to_text(results));
  const Outcome outcome = run("eval --annotations val.json --results r.json");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("val.json: 1 image has more than 100 results of one category: 3 of the lowest scores"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(run("eval --annotations val.json --results r.json --max-detections 103").err, "");
}

TEST_F(Eval, SpeaksOfCrowdedImagesWhereAModelRanAlone) {
  write_set();
  Json json = read_json(folder_ / "val.json");
  json["annotations"].push_back(json["annotations"][0]);
  json["annotations"].back()["id"] = 4;
  json["annotations"].back()["bbox"] = {20, 30, 20, 25};
  fixture::put_file(folder_ / "val.json", to_text(json));
  fixture::put_file(folder_ / "r.json", R"([{"image_id": 10, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}])");
  EXPECT_EQ(run("eval --annotations val.json --results r.json --max-detections 1").err, "");
  const Outcome outcome = run("eval tiny.safetensors --annotations val.json --images . --max-detections 1");
  EXPECT_NE(outcome.err.find("1 image has more than 1 objects"), std::string::npos) << outcome.err;
}

TEST_F(Eval, NeedsTheClassesOfTheModel) {
  write_set();
  Json json = read_json(folder_ / "val.json");
  json["categories"][0]["name"] = "plum";
  fixture::put_file(folder_ / "val.json", to_text(json));
  const Outcome outcome = run("eval tiny.safetensors --annotations val.json --images .");
  EXPECT_EQ(outcome.status, 65);
}

TEST_F(Eval, NamesAnImageThatCannotBeRead) {
  write_set();
  fixture::put_file(folder_ / "2.png", "not an image");
  const Outcome outcome = run("eval tiny.safetensors --annotations val.json --images .");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("2.png"), std::string::npos) << outcome.err;
}

TEST_F(Eval, NamesAnUnknownImage) {
  write_set();
  fixture::put_file(folder_ / "r.json", R"([{"image_id": 99, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}])");
  const Outcome outcome = run("eval --annotations val.json --results r.json");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("99"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace spinenet
