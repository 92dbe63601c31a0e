// spinenet data.
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
