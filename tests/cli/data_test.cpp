// spinenet data, and what eval says of the same files.
#include <sstream>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class Data : public ProgramTest {
 protected:
  // One image, one category, the given boxes.
  void write_annotations(const std::string& name, const Json& boxes) const {
    Json json{{"images", {{{"id", 1}, {"file_name", "a.png"}, {"height", 40}, {"width", 60}}}},
              {"categories", {{{"id", 4}, {"name", "cup"}}}},
              {"annotations", Json::array()}};
    int id = 1;
    for (const Json& box : boxes) {
      const double area = box[2].get<double>() * box[3].get<double>();
      json["annotations"].push_back(
          Json{{"id", id++}, {"image_id", 1}, {"category_id", 4}, {"bbox", box}, {"area", area}, {"iscrowd", 0}});
    }
    fixture::put_file(folder_ / name, to_text(json));
    fixture::put_file(folder_ / "a.png", image::encode_png(test_image(40, 60, 1)));
  }
};

TEST_F(Data, CheckIsSilentOnASoundSet) {
  write_annotations("good.json", {{1, 2, 10, 20}, {5, 5, 20, 20}});
  const Json report = run_json("data check good.json --images . --json");
  EXPECT_EQ(report["errors"], 0);
  EXPECT_EQ(report["images"], 1);
  EXPECT_EQ(run("data check good.json").status, 0);
}

TEST_F(Data, CheckNamesFaultsWithCodeAndPlace) {
  write_annotations("bad.json", {{1, 2, 10, 20}, {5, 5, -3, 20}, {500, 5, 3, 3}});
  const Outcome outcome = run("data check bad.json");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.out.find("D020 error: /annotations/1"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("D022"), std::string::npos) << outcome.out;
  const Outcome json = run("data check bad.json --json");
  EXPECT_EQ(json.status, 65);
  EXPECT_EQ(parse_json(json.out, "")["errors"], 2);
}

TEST_F(Data, CheckFindsAMissingImage) {
  write_annotations("a.json", {{1, 2, 10, 20}});
  std::filesystem::remove(folder_ / "a.png");
  const Outcome outcome = run("data check a.json --images .");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.out.find("D034"), std::string::npos) << outcome.out;
}

TEST_F(Data, CheckMeetsWhatIsNoJson) {
  fixture::put_file(folder_ / "cut.json", "{\"images\": [");
  EXPECT_EQ(run("data check cut.json").status, 65);
  fixture::put_file(folder_ / "empty.json", "");
  EXPECT_EQ(run("data check empty.json").status, 65);
  EXPECT_EQ(run("data check missing.json").status, 1);
  EXPECT_EQ(run("data stats cut.json").status, 65);
}

TEST_F(Data, StatsCount) {
  write_annotations("good.json", {{1, 2, 10, 20}, {5, 5, 20, 20}});
  const Json json = run_json("data stats good.json --json");
  EXPECT_EQ(json["boxes"], 2);
  EXPECT_NE(run("data stats good.json").out.find("cup"), std::string::npos);
}

TEST_F(Data, FixMakesACopyThatChecks) {
  write_annotations("bad.json", {{1, 2, 10, 20}, {5, 5, -3, 20}, {500, 5, 3, 3}});
  const Json report = run_json("data fix bad.json --out fixed.json --json");
  EXPECT_EQ(report["dropped_annotations"], 2);
  EXPECT_EQ(run("data check fixed.json").status, 0);
  EXPECT_EQ(run("data check bad.json").status, 65) << "the original is left alone";
}

// Each value gives the numbers of pycocotools (make_field_oracle.py), or a refusal that names the field; where
// pycocotools ends with an error, a stated rule may give numbers.
TEST_F(Data, FieldsOfOtherTypesAreEvaluatedAsByPycocotoolsOrRefusedByName) {
  std::istringstream lines(read_file(std::string(SPINENET_PROGRAM_TEST_DIR) + "/field_oracle.txt"));
  std::string line;
  std::getline(lines, line);
  const Json truth = parse_json(line, "truth");
  std::getline(lines, line);
  const Json found = parse_json(line, "results");
  int cases = 0, measured = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string part, key, iou, value, numbers;
    for (std::string* word : {&part, &key, &iou, &value, &numbers}) std::getline(words, *word, '\t');
    Json annotations = truth, results = found;
    Json& entry = part == "results" ? results[0] : annotations[part][0];
    if (value == "missing") {
      entry.erase(key);
    } else {
      entry[key] = parse_json(value, line);
    }
    fixture::put_file(folder_ / "truth.json", annotations.dump());
    fixture::put_file(folder_ / "results.json", results.dump());
    const Outcome outcome = run("eval --annotations truth.json --results results.json --json --iou " + iou);
    ++cases;
    if (outcome.status == 65) {
      const bool named = outcome.err.find(key) != std::string::npos || outcome.err.find("D0") != std::string::npos;
      EXPECT_TRUE(named) << line << outcome.err;
      continue;
    }
    ASSERT_EQ(outcome.status, 0) << line << outcome.err;
    if (numbers == "error") continue;
    ++measured;
    const Json json = parse_json(outcome.out, "out");
    size_t i = 0;
    for (const char* name : {"AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"}) {
      EXPECT_EQ(json[name].get<double>(), parse_json(numbers, line)[i++].get<double>()) << name << " of " << line;
    }
  }
  EXPECT_GT(cases, 200);
  EXPECT_GE(measured, 36);
}

TEST_F(Data, BooleanCrowdFlagsCountAsNumbersDo) {
  write_annotations("set.json", {{1, 2, 10, 20}, {5, 5, 20, 20}});
  Json set = parse_json(read_file(folder_ / "set.json"), "set");
  set["annotations"][0]["iscrowd"] = true;
  set["annotations"][1]["iscrowd"] = false;
  fixture::put_file(folder_ / "set.json", to_text(set));
  const Outcome check = run("data check set.json");
  EXPECT_NE(check.out.find("iscrowd is true; taken as 1"), std::string::npos) << check.out;
  fixture::put_file(folder_ / "results.json", "[]");
  const Outcome eval = run("eval --annotations set.json --results results.json");
  EXPECT_NE(eval.err.find("D031 2x, first /annotations/0/iscrowd: iscrowd is true; taken as 1"), std::string::npos)
      << eval.err;
  EXPECT_EQ(run_json("data fix set.json --out fixed.json --json")["changes"]["crowd_flags_written"], 2);
  EXPECT_EQ(parse_json(read_file(folder_ / "fixed.json"), "fixed")["annotations"][0]["iscrowd"], 1);
}

TEST_F(Data, FixSaysWhatItDidAndWhatIsLeft) {
  write_annotations("bad.json", {{1, 2, 10, 20}, {5, 5, -3, 20}, {6, 6, 5, 5}, {7, 7, 5, 5}});
  Json set = parse_json(read_file(folder_ / "bad.json"), "bad");
  set["annotations"][0]["segmentation"] = {1, 2, 11, 2, 11, 22, 1, 22};
  set["annotations"][2]["iscrowd"] = "yes";
  set["annotations"][3]["segmentation"] = {{1, 2, 3, 4}};
  fixture::put_file(folder_ / "bad.json", to_text(set));
  const Outcome fixed = run("data fix bad.json --out fixed.json");
  for (const char* part :
       {"polygons regrouped: 1\n", "polygons left out: 1\n", "boxes without mask: 1\n", "dropped without box: 1\n",
        "1 annotations left out of fixed.json\n", "left in the copy: D037 1x"}) {
    EXPECT_NE(fixed.out.find(part), std::string::npos) << part << fixed.out;
  }
  EXPECT_EQ(fixed.out.find("mended"), std::string::npos);
  const Json report = run_json("data fix fixed.json --out again.json --json");
  EXPECT_EQ(report["left"], Json({{"D037", 1}}));
  EXPECT_EQ(report["dropped_annotations"], 0);
}

TEST_F(Data, SetsToClassifyAreToldByTheirAnnotations) {
  const std::string set =
      R"({"images":[{"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"b.jpg"}],)"
      R"("annotations":[{"id":1,"image_id":1,"category_id":1},{"id":2,"image_id":2,"category_id":1}],)"
      R"("categories":[{"id":1,"name":"Malus"}]})";
  fixture::put_file(folder_ / "plants.json", set);
  const Outcome found = run("data check plants.json");
  EXPECT_EQ(found.status, 0) << found.out;
  EXPECT_NE(found.out.find("checked as a set to classify"), std::string::npos) << found.out;
  EXPECT_EQ(run("data check plants.json --task classify").status, 0);
  EXPECT_EQ(run("data check plants.json --task detect").status, 65);
  EXPECT_EQ(run("data check plants.json --task segment").status, 65);
  const Outcome wrong = run("data check plants.json --task clasify");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("did you mean \"classify\"?"), std::string::npos) << wrong.err;
  EXPECT_EQ(run_json("data fix plants.json --out fixed.json --json")["dropped_annotations"], 0);
}

TEST_F(Data, NamesDoNotReachTheTerminalAsTheyAre) {
  const std::string evil = "\x1b[2Jcat\nD001 error\r";
  write_annotations("set.json", {{1, 2, 10, 20}});
  Json set = parse_json(read_file(folder_ / "set.json"), "set");
  set["categories"][0]["name"] = evil;
  set["categories"].push_back({{"id", 5}, {"name", evil}});
  set["images"].push_back({{"id", 2}, {"file_name", evil + ".png"}, {"height", 4}, {"width", 4}});
  set[evil] = 1;
  fixture::put_file(folder_ / "set.json", to_text(set));
  std::string twice = to_text(set);
  twice.insert(1, Json(evil).dump() + ":2,");
  fixture::put_file(folder_ / "twice.json", twice);
  for (const char* arguments : {"data check set.json --images .", "data stats set.json", "data check twice.json",
                                "data fix twice.json --out fixed.json", "data stats twice.json"}) {
    const Outcome outcome = run(arguments);
    for (const std::string& text : {outcome.out, outcome.err}) {
      EXPECT_EQ(text.find_first_of("\x1b\r"), std::string::npos) << arguments << text;
      EXPECT_EQ(text.find("\nD001"), std::string::npos) << arguments << text;
    }
    EXPECT_NE((outcome.out + outcome.err).find("\\x1b[2Jcat\\nD001 error\\r"), std::string::npos) << arguments;
  }
}

TEST_F(Data, ConvertedThereAndBackIsTheSame) {
  write_annotations("set.json", {{1, 2, 10, 20}, {5.125, 5, 20, 20.5}});
  const Json there = run_json("data convert set.json --from coco --to yolo --images . --copy-images --out yolo --json");
  EXPECT_EQ(there["objects"], 2);
  EXPECT_EQ(there["not_written"].size(), 1U) << "the id of the category is 4: " << there.dump();
  const Outcome back = run("data convert yolo --from yolo --to coco --out coco");
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_NE(back.out.find("1 images (0 without objects), 2 objects (0 with masks), 1 categories"), std::string::npos)
      << back.out;
  const Json before = parse_json(read_file(folder_ / "set.json"), "set");
  const Json after = parse_json(read_file(folder_ / "coco/annotations/train.json"), "train");
  EXPECT_EQ(after["images"], before["images"]);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(after["annotations"][i]["bbox"], before["annotations"][i]["bbox"]);
  EXPECT_EQ(run("data check coco/annotations/train.json --images yolo/images").status, 0);
}

TEST_F(Data, ConvertSaysWhatItTookByARuleAndWhereFirst) {
  write_annotations("set.json", {{1, 2, 10, 20}, {5, 5, 20, 20}});
  Json set = parse_json(read_file(folder_ / "set.json"), "set");
  set["annotations"][0].erase("area");
  set["annotations"][1]["mine"] = 1;
  fixture::put_file(folder_ / "set.json", to_text(set));
  const Outcome converted = run("data convert set.json --from coco --to csv --out csv");
  EXPECT_EQ(converted.status, 0) << converted.err;
  EXPECT_NE(converted.err.find("values taken by a rule: D027 1x"), std::string::npos) << converted.err;
  EXPECT_NE(converted.out.find("1: key \"mine\" of annotations (first: set.json)"), std::string::npos) << converted.out;
  set["images"][0]["file_name"] = "b.png";
  fixture::put_file(folder_ / "other.json", to_text(set));
  for (const char* arguments :
       {"data merge set.json other.json --out all.json", "data split set.json --parts a=1 --out s"}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("values taken by a rule: D027 1x"), std::string::npos) << arguments << outcome.err;
  }
}

TEST_F(Data, WrongFlagsAreRefusedByName) {
  write_annotations("set.json", {{1, 2, 10, 20}});
  fixture::put_file(folder_ / "classes.txt", "cup\n");
  const Outcome classes = run("data convert set.json --from coco --to csv --classes classes.txt --out csv");
  EXPECT_EQ(classes.status, 2);
  EXPECT_NE(classes.err.find("--classes: the classes are those of the COCO file"), std::string::npos) << classes.err;
  const Outcome suffix = run("data preview set.json --images . --out seen.jpg");
  EXPECT_EQ(suffix.status, 2);
  EXPECT_NE(suffix.err.find("is written as PNG"), std::string::npos) << suffix.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "seen.jpg"));
  EXPECT_EQ(run("data preview set.json --images . --out seen.png --seed -1").status, 2);
  EXPECT_EQ(run("data preview set.json --images . --out seen.PNG --seed 1 --count 1").status, 0);
}

TEST_F(Data, SplitAndMergeAreEachOthersOpposite) {
  Json set{{"images", Json::array()}, {"annotations", Json::array()}, {"categories", {{{"id", 4}, {"name", "cup"}}}}};
  for (int i = 1; i <= 10; ++i) {
    set["images"].push_back({{"id", i}, {"file_name", fmt::format("{}.png", i)}, {"height", 40}, {"width", 60}});
  }
  fixture::put_file(folder_ / "all.json", to_text(set));
  const Json report = run_json("data split all.json --out parts --parts train=0.7,val=0.3 --stratify --json");
  EXPECT_EQ(report["parts"][0]["images"], 7);
  EXPECT_EQ(report["parts"][1]["images"], 3);
  const Outcome merged = run("data merge parts/annotations/train.json parts/annotations/val.json --out again.json");
  EXPECT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(parse_json(read_file(folder_ / "again.json"), "again")["images"].size(), 10U);
  EXPECT_NE(run("data split all.json --out more --parts train=0.7,val=0.3").out.find("train images"),
            std::string::npos);
}

TEST_F(Data, ScenesAreTheSameForASeed) {
  if (run_json("checks --json")["fashion-mnist"].get<std::string>().starts_with("not installed")) {
    GTEST_SKIP() << "needs the package dataset-fashion-mnist";
  }
  const std::string flags = " --images 3 --val-images 2 --size 96 --seed 9 -q --json";
  EXPECT_EQ(run_json("data scenes --out one" + flags)["images"], 3);
  run_json("data scenes --out two" + flags);
  const std::string compare = "diff -r '" + (folder_ / "one").string() + "' '" + (folder_ / "two").string() + "'";
  EXPECT_EQ(std::system(compare.c_str()), 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "one")) {
    if (entry.path().extension() != ".json") continue;
    EXPECT_EQ(run("data check '" + entry.path().string() + "'").status, 0) << entry.path();
  }
}

}  // namespace
}  // namespace spinenet
