#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "base/scratch_folder_fixture.h"
#include "data/coco/coco.h"
#include "data/coco/coco_fixture.h"

namespace spinenet::data {
namespace {

detect::Annotations truth() {
  return parse_coco(fixture::coco(fixture::sound_box()), "truth");
}

std::string message_of(const std::string& text) {
  try {
    parse_results(text, "r.json", truth());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "";
}

TEST(CocoResults, BoxesAndScoresInTheOrderOfTheFile) {
  const auto results = parse_results(
      R"([{"image_id":1,"category_id":9,"bbox":[1,2.5,3,4],"score":0.25},
          {"score":1,"bbox":[0,0,1,1],"category_id":1,"image_id":1.0,"segmentation":[]}])",
      "r.json", truth());
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].category_id, 9);
  EXPECT_EQ(results[0].bbox, (std::array<double, 4>{1, 2.5, 3, 4}));
  EXPECT_EQ(results[0].score, 0.25);
  EXPECT_TRUE(results[1].mask.counts.empty());
  EXPECT_EQ(results[1].image_id, 1);
  EXPECT_TRUE(parse_results("[]", "r.json", truth()).empty());
}

TEST(CocoResults, MaskAsTextOrListGivesTheBoxWhenNoneIsThere) {
  const std::array<double, 4> xywh{10, 20, 30, 40};
  const detect::Rle rle = detect::rle_from_box(xywh, 100, 200);
  Json list = Json::array();
  for (const bool as_text : {true, false}) {
    Json entry = {{"image_id", 1}, {"category_id", 1}, {"score", 0.5}};
    entry["segmentation"] = {{"size", {100, 200}}};
    if (as_text) entry["segmentation"]["counts"] = detect::rle_to_text(rle);
    if (!as_text) entry["segmentation"]["counts"] = rle.counts;
    list.push_back(entry);
    entry["bbox"] = {1, 2, 3, 4};
    list.push_back(entry);
    entry["bbox"] = Json::array();
    list.push_back(entry);
  }
  const auto results = parse_results(list.dump(), "r.json", truth());
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].mask, rle);
    EXPECT_EQ(results[i].bbox, i % 3 == 1 ? (std::array<double, 4>{1, 2, 3, 4}) : xywh);
  }
}

TEST(CocoResults, UnknownImagesAreNamedFirst) {
  std::string text = "[";
  for (int i = 0; i < 12; ++i) {
    text += fmt::format(R"({}{{"image_id":{},"category_id":1,"bbox":[1,2,3,4],"score":1}})", i > 0 ? "," : "", i);
  }
  const std::string what = message_of(text + "]");
  EXPECT_NE(what.find("r.json: 11 results"), std::string::npos) << what;
  EXPECT_NE(what.find("image_id 0 2 3 4 5 ..."), std::string::npos) << what;
}

TEST(CocoResults, EntriesThatCannotBeUsedAreNamed) {
  for (const char* entry : {
           R"({"image_id":"1","category_id":1,"bbox":[1,2,3,4],"score":1})",
           R"({"image_id":1,"bbox":[1,2,3,4],"score":1})",
           R"({"image_id":1,"category_id":1,"bbox":[1,2,3,4]})",
           R"({"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":"high"})",
           R"({"image_id":1,"category_id":1,"bbox":[1,2,3],"score":1})",
           R"({"image_id":1,"category_id":1,"bbox":[1,2,3,1e200],"score":1})",
           R"({"image_id":1,"category_id":1,"score":1})",
           R"({"image_id":1,"category_id":1,"score":1,"segmentation":[[0,0,1,0,1,1]]})",
           R"({"image_id":1,"category_id":1,"score":1,"segmentation":{"size":[9,9],"counts":[81]}})",
           R"({"image_id":1,"category_id":1,"score":1,"segmentation":{"size":[100,200],"counts":[1,2]}})",
           "3",
       }) {
    const std::string what = message_of(std::string("[") + entry + "]");
    EXPECT_NE(what.find("/0: "), std::string::npos) << entry << ": " << what;
  }
  EXPECT_NE(message_of("{}").find("not a list"), std::string::npos);
  EXPECT_NE(message_of("").find("D002"), std::string::npos);
  EXPECT_NE(message_of(R"([{"image_id":1,"image_id":1}])").find("D006"), std::string::npos);
}

TEST(CocoResults, WrittenAndReadIsTheSame) {
  Random random(5);
  std::vector<detect::Result> results;
  for (int i = 0; i < 500; ++i) {
    detect::Result result;
    result.image_id = 1;
    result.category_id = random.below(90);
    result.bbox = {random.uniform(-5, 200), random.uniform(0, 1e-9), random.uniform(0, 9), 1e6 / 3};
    result.score = random.uniform();
    if (random.chance(0.5)) {
      std::vector<uint8_t> mask(100 * 200);
      for (uint8_t& pixel : mask) pixel = random.chance(0.3) ? 1 : 0;
      result.mask = detect::encode_mask(mask, 100, 200);
    }
    results.push_back(result);
  }
  const auto read = parse_results(results_to_text(results), "r.json", truth());
  ASSERT_EQ(read.size(), results.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].category_id, results[i].category_id);
    EXPECT_EQ(read[i].bbox, results[i].bbox);
    EXPECT_EQ(read[i].score, results[i].score);
    EXPECT_EQ(read[i].mask, results[i].mask);
  }
  EXPECT_EQ(results_to_text({}), "[]\n");
}

TEST(CocoResults, NumbersThatAreNotFiniteAreNotWritten) {
  detect::Result result;
  result.score = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(results_to_text(std::span(&result, 1)), Error);
  result.score = 1;
  result.bbox[2] = std::numeric_limits<double>::infinity();
  EXPECT_THROW(results_to_text(std::span(&result, 1)), Error);
}

TEST(CocoResults, BothFilesAreReadAsEachAlone) {
  const spinenet::fixture::ScratchFolder folder;
  const std::filesystem::path truth = folder / "truth.json", results = folder / "results.json";
  spinenet::fixture::put_file(truth, R"({"images": [{"id": 4, "file_name": "a.jpg", "height": 60, "width": 80}],
      "categories": [{"id": 2, "name": "thing"}],
      "annotations": [{"id": 1, "image_id": 4, "category_id": 2, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0}]})");
  spinenet::fixture::put_file(results, R"([{"image_id": 4, "category_id": 2, "score": 0.5, "bbox": [1, 2, 30, 41]}])");
  const TruthAndResults found = read_truth_and_results(truth, {}, results);
  EXPECT_EQ(to_json(found.truth), to_json(read_coco(truth)));
  EXPECT_EQ(results_to_text(found.results), results_to_text(read_results(results, found.truth)));
}

TEST(CocoResults, OfTwoFilesWithErrorsTheAnnotationsAreTold) {
  const spinenet::fixture::ScratchFolder folder;
  const std::filesystem::path good = folder / "truth.json", bad = folder / "bad.json", worse = folder / "worse.json";
  spinenet::fixture::put_file(good, R"({"images": [], "categories": [], "annotations": []})");
  spinenet::fixture::put_file(bad, "[{");
  spinenet::fixture::put_file(worse, "{");
  const auto place_of = [&](const std::filesystem::path& truth, const std::filesystem::path& results) {
    try {
      read_truth_and_results(truth, {}, results);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(place_of(worse, bad).find(worse.string()), std::string::npos);
  EXPECT_NE(place_of(good, bad).find(bad.string()), std::string::npos);
  EXPECT_NE(place_of(good, folder / "absent.json").find("absent.json"), std::string::npos);
}

TEST(CocoResults, RealResultsAreRead) {
  const std::filesystem::path data = std::filesystem::path(SPINENET_SHARED_DIR) / "data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no shared data sets on this machine";
  const detect::Annotations boxes = read_coco(data / "coco_golden/instances_val2014_100.json");
  EXPECT_EQ(read_results(data / "coco_golden/instances_val2014_fakebbox100_results.json", boxes).size(), 734U);
  const detect::Annotations masks = read_coco(data / "coco_cc/annotations/val.json");
  const auto results = read_results(data / "coco_golden/coco_cc_val_segm_results.json", masks);
  ASSERT_EQ(results.size(), 333U);
  for (const detect::Result& result : results) EXPECT_FALSE(result.mask.counts.empty());
}

}  // namespace
}  // namespace spinenet::data
