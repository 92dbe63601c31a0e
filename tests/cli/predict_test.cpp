// spinenet predict.
#include <algorithm>
#include <map>
#include <utility>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "formats/first_values.h"
#include "image/decode.h"
#include "image/encode.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

class Predict : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
  }

  void write_image(const std::string& name, int seed, int height = 90, int width = 120) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    const image::Image image = test_image(height, width, seed);
    fixture::put_file(folder_ / name, name.ends_with(".png") ? image::encode_png(image) : image::encode_jpeg(image));
  }
};

// An uncompressed BMP of 24 bits a pixel.
std::string bmp_file(const image::Image& image) {
  const auto little = [](size_t value, int length) {
    std::string text;
    for (int i = 0; i < length; ++i) text += static_cast<char>(value >> 8 * i);
    return text;
  };
  const auto height = static_cast<size_t>(image.height), width = static_cast<size_t>(image.width);
  std::string file = "BM" + little(0, 8) + little(54, 4) + little(40, 4) + little(width, 4) + little(height, 4) +
                     little(1, 2) + little(24, 2) + std::string(24, '\0');
  for (int y = image.height - 1; y >= 0; --y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 2; c >= 0; --c) file += static_cast<char>(image.at(y, x)[c]);
    }
    file += std::string((4 - width * 3 % 4) % 4, '\0');
  }
  return file;
}

TEST_F(Predict, GivesCocoResults) {
  write_image("a.png", 1);
  const Json results = run_json("predict tiny.safetensors a.png --json --threshold 0.05");
  ASSERT_GT(results.size(), 0U);
  double last = 1;
  for (const Json& result : results) {
    EXPECT_EQ(result["image_id"], 1);
    EXPECT_EQ(result["file_name"], "a.png");
    EXPECT_EQ(result["category"], result["category_id"] == 3 ? "apple" : "pear");
    const auto box = result["bbox"].get<std::vector<double>>();
    EXPECT_GE(box[0], 0);
    EXPECT_GE(box[1], 0);
    EXPECT_LE(box[0] + box[2], 120.001);
    EXPECT_LE(box[1] + box[3], 90.001);
    EXPECT_LE(result["score"].get<double>(), last);
    last = result["score"].get<double>();
    EXPECT_GE(last, 0.05);
  }
}

// A run folder of `train` is its model, for every verb that takes one.
TEST_F(Predict, ARunFolderIsItsBestModel) {
  write_image("a.png", 1);
  const fs::path run_folder = folder_ / "runs/easy";
  fs::create_directories(run_folder);
  fixture::put_file(run_folder / ".spinenet", R"({"program": "spinenet", "kind": "a training run", "id": "1"})");
  EXPECT_NE(run("predict runs/easy a.png").err.find("runs/easy: is a training run that has no model yet; its first"),
            std::string::npos);
  fs::copy_file(folder_ / "tiny.safetensors", run_folder / "last.safetensors");
  const Outcome last = run("predict runs/easy a.png --json --threshold 0.05");
  EXPECT_TRUE(
      last.err.starts_with("runs/easy has no best model: taking the last one, runs/easy/last.safetensors\npredict: "))
      << last.err;
  EXPECT_EQ(run("predict runs/easy a.png --json --threshold 0.05 -q").err, "");
  fs::rename(run_folder / "last.safetensors", run_folder / "best.safetensors");
  const Outcome best = run("predict runs/easy/ a.png --json --threshold 0.05");
  EXPECT_EQ(best.status, 0) << best.err;
  EXPECT_TRUE(best.err.starts_with("predict: ")) << best.err;
  EXPECT_EQ(best.out, last.out);
  EXPECT_EQ(best.out, run("predict tiny.safetensors a.png --json --threshold 0.05").out);
  for (const char* line : {"describe runs/easy", "export runs/easy --onnx new.onnx", "bench runs/easy --runs 1",
                           "calibrate runs/easy a.png --out int8.safetensors"}) {
    EXPECT_EQ(run(line).status, 0) << line;
  }
  EXPECT_EQ(run_json("describe runs/easy --json")["classes"], 2);
  EXPECT_NE(run("eval runs/easy --annotations nowhere.json --images .").err.find("nowhere.json"), std::string::npos);
}

TEST_F(Predict, TheModelOfARunFolderIsNeverWrittenOver) {
  write_image("a.png", 1);
  fs::create_directories(folder_ / "run");
  fixture::put_file(folder_ / "run/.spinenet", R"({"program": "spinenet", "kind": "a training run", "id": "1"})");
  fs::rename(folder_ / "tiny.safetensors", folder_ / "run/best.safetensors");
  fs::create_hard_link(folder_ / "run/best.safetensors", folder_ / "same");
  const std::string before = read_file(folder_ / "same");
  for (const char* out : {"run/best.safetensors", "same"}) {
    for (const std::string line : {"export run --overwrite --onnx ", "calibrate run a.png --overwrite --out ",
                                   "describe run --overwrite --svg ", "predict run a.png --overwrite --json="}) {
      const Outcome outcome = run(line + out);
      EXPECT_EQ(outcome.status, 2) << line << out;
      EXPECT_NE(outcome.err.find("is the "), std::string::npos) << outcome.err;
      EXPECT_EQ(read_file(folder_ / "same"), before) << line << out;
    }
  }
}

TEST_F(Predict, AnotherFolderIsNoModel) {
  write_image("set/a.png", 1);
  for (const char* line :
       {"predict set set/a.png", "eval set --annotations a.json --images set", "export set --onnx x.onnx", "bench set",
        "calibrate set set/a.png --out x.safetensors", "describe set"}) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 2) << line;
    EXPECT_EQ(outcome.err,
              "error: set: is a folder, and not that of a training run; name a model (.safetensors), or a "
              "run folder of spinenet train\n");
  }
  fs::create_directories(folder_ / "spinenet-49s");
  EXPECT_EQ(run("describe spinenet-49s").status, 0) << "a name that is known is no folder";
}

TEST_F(Predict, KeepsToThresholdAndNumber) {
  write_image("a.png", 1);
  EXPECT_EQ(run_json("predict tiny.safetensors a.png --json --threshold 1").size(), 0U);
  EXPECT_EQ(run_json("predict tiny.safetensors a.png --json --threshold 0 --max 3").size(), 3U);
}

TEST_F(Predict, DrawsAndWritesFiles) {
  write_image("a.png", 1);
  write_image("b.jpg", 2);
  const Outcome outcome = run("predict tiny.safetensors a.png b.jpg --out drawn --json found.json --threshold 0.05");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("a.png (120x90): "), std::string::npos) << outcome.out;
  EXPECT_GT(read_json(folder_ / "found.json").size(), 0U);
  const image::Image drawn = image::read_image(folder_ / "drawn/a.png");
  EXPECT_EQ(drawn.height, 360);
  EXPECT_EQ(drawn.width, 480);
  EXPECT_EQ(image::read_image(folder_ / "drawn/b.jpg").width, 480);
  EXPECT_NE(outcome.err.find("2 of 2 images are drawn enlarged, to 480 pixels or more on the longer side"),
            std::string::npos)
      << outcome.err;
}

TEST_F(Predict, DrawsSmallImagesAtTheirSizeWhereAsked) {
  write_image("a.png", 1);
  const Outcome outcome = run("predict tiny.safetensors a.png --out drawn --threshold 0.05 --no-enlarge");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("enlarged"), std::string::npos) << outcome.err;
  const image::Image drawn = image::read_image(folder_ / "drawn/a.png");
  EXPECT_EQ(drawn.height, 90);
  EXPECT_NE(drawn.pixels, test_image(90, 120, 1).pixels);
}

// What differs between two drawings of one image, in pixels.
int difference(const image::Image& a, const image::Image& b) {
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  int count = 0;
  for (size_t i = 0; i + 2 < std::min(a.pixels.size(), b.pixels.size()); i += 3) {
    count += std::equal(a.pixels.begin() + static_cast<std::ptrdiff_t>(i),
                        a.pixels.begin() + static_cast<std::ptrdiff_t>(i) + 3,
                        b.pixels.begin() + static_cast<std::ptrdiff_t>(i))
                 ? 0
                 : 1;
  }
  return count;
}

TEST_F(Predict, DrawsTheLabelsThatAreAskedFor) {
  write_image("a.png", 1);
  std::map<std::string, image::Image> drawn;
  for (const std::string labels : {"none", "names", "scores", "usual"}) {
    const std::string flag = labels == "usual" ? "" : "--labels " + labels;
    const Outcome outcome = run(
        fmt::format("predict tiny.safetensors a.png --out {} --threshold 0 --max 1 --line-width 1 {}", labels, flag));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    drawn[labels] = image::read_image(folder_ / labels / "a.png");
  }
  EXPECT_EQ(drawn["usual"].pixels, drawn["scores"].pixels);
  const int names = difference(drawn["none"], drawn["names"]), scores = difference(drawn["none"], drawn["scores"]);
  EXPECT_GT(names, 200);
  EXPECT_GT(scores, names * 5 / 4) << "a score takes room";
}

TEST_F(Predict, DrawsLinesOfTheWidthThatIsAskedFor) {
  write_image("a.png", 1, 480, 640);
  std::vector<int> changed;
  for (const int width : {1, 4, 12}) {
    const Outcome outcome = run(fmt::format(
        "predict tiny.safetensors a.png --out w{} --threshold 0 --max 1 --labels none --line-width {}", width, width));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    changed.push_back(
        difference(image::read_image(folder_ / fmt::format("w{}/a.png", width)), test_image(480, 640, 1)));
  }
  EXPECT_GT(changed[0], 0);
  EXPECT_GT(changed[1], changed[0]);
  EXPECT_GT(changed[2], changed[1]);
}

TEST_F(Predict, FlagsOfDrawingNeedSomethingDrawn) {
  write_image("a.png", 1);
  for (const char* flags : {"--labels none", "--line-width 3", "--no-enlarge"}) {
    const Outcome outcome = run(fmt::format("predict tiny.safetensors a.png {}", flags));
    EXPECT_EQ(outcome.status, 2) << flags;
    EXPECT_NE(outcome.err.find("add --out DIR"), std::string::npos) << outcome.err;
  }
  const Outcome kind = run("predict tiny.safetensors a.png --out drawn --labels name");
  EXPECT_EQ(kind.status, 2);
  EXPECT_NE(kind.err.find("did you mean \"names\"?"), std::string::npos) << kind.err;
  EXPECT_EQ(run("predict tiny.safetensors a.png --out drawn --line-width 0").status, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "drawn"));
}

// As many as would be found without the others, not those of the first few.
TEST_F(Predict, FindsTheClassesThatAreAskedForAlone) {
  write_image("a.png", 1);
  const std::string line = "predict tiny.safetensors a.png --json --threshold 0 ";
  Json pears = Json::array();
  for (const Json& result : run_json(line + "--max 100000")) {
    if (result["category"] == "pear") pears.push_back(result);
  }
  ASSERT_GT(pears.size(), 20U);
  const Json asked = run_json(line + "--max 20 --classes pear");
  // Those of which nothing lies on the image are left out behind the limit.
  ASSERT_GE(asked.size(), 15U);
  ASSERT_LE(asked.size(), 20U);
  for (size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i]["category"], "pear");
    EXPECT_EQ(asked[i]["score"], pears[i]["score"]) << i;
  }
  EXPECT_EQ(run_json(line + "--classes 'pear, apple'"), run_json(line));
  const Outcome wrong = run(line + "--classes pear,aple");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_NE(wrong.err.find("--classes: unknown class \"aple\"; did you mean \"apple\"?"), std::string::npos)
      << wrong.err;
}

double overlap(const Json& a, const Json& b) {
  const auto one = a["bbox"].get<std::vector<double>>(), other = b["bbox"].get<std::vector<double>>();
  const double width = std::min(one[0] + one[2], other[0] + other[2]) - std::max(one[0], other[0]);
  const double height = std::min(one[1] + one[3], other[1] + other[3]) - std::max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (one[2] * one[3] + other[2] * other[3] - width * height);
}

// The greatest overlap of two results of one class, and of two of different ones, of those that the edges of the image
// (90 x 120) did not cut.
std::pair<double, double> overlaps(const Json& results) {
  const auto whole = [](const Json& result) {
    const auto box = result["bbox"].get<std::vector<double>>();
    return box[0] > 0.01 && box[1] > 0.01 && box[0] + box[2] < 119.99 && box[1] + box[3] < 89.99;
  };
  std::pair<double, double> most;
  for (size_t i = 0; i < results.size(); ++i) {
    for (size_t j = 0; j < i && whole(results[i]); ++j) {
      if (!whole(results[j])) continue;
      double& of = results[i]["category"] == results[j]["category"] ? most.first : most.second;
      of = std::max(of, overlap(results[i], results[j]));
    }
  }
  return most;
}

TEST_F(Predict, SuppressesAsItIsTold) {
  write_image("a.png", 1);
  const std::string line = "predict tiny.safetensors a.png --json --threshold 0.05 --max 400 ";
  const Json usual = run_json(line);
  EXPECT_EQ(usual, run_json(line + "--iou 0.5"));
  EXPECT_LE(overlaps(usual).first, 0.501);
  EXPECT_GT(overlaps(usual).second, 0.6) << "apples and pears at the same place";
  size_t before = 0;
  for (const char* iou : {"0.1", "0.3", "0.8"}) {
    const Json found = run_json(line + "--iou " + iou);
    EXPECT_GT(found.size(), before) << iou;
    before = found.size();
  }
  const Json agnostic = run_json(line + "--agnostic-nms");
  EXPECT_LT(agnostic.size(), usual.size());
  EXPECT_LE(overlaps(agnostic).first, 0.501);
  EXPECT_LE(overlaps(agnostic).second, 0.501);
  EXPECT_EQ(run("predict tiny.safetensors a.png --iou 1.5").status, 2);
}

TEST_F(Predict, SaysOnceThatAHeadIsUntrained) {
  write_image("a.png", 1);
  formats::ModelFile model = tiny_model();
  std::vector<std::string> head;
  for (const auto& [name, tensor] : model.weights) {
    if (name.starts_with("head.")) head.push_back(name);
  }
  formats::set_first_values(model, head);
  formats::write_model(fixture::output(folder_ / "untrained.safetensors"), model);
  fixture::put_file(folder_ / "val.json",
                    R"({"images": [{"id": 1, "file_name": "a.png", "height": 90, "width": 120}], "annotations": [],
                        "categories": [{"id": 3, "name": "apple"}, {"id": 7, "name": "pear"}]})");
  for (const char* line : {"predict {} a.png", "eval {} --annotations val.json --images ."}) {
    const Outcome warned = run(fmt::format(fmt::runtime(line), "untrained.safetensors"));
    EXPECT_EQ(warned.status, 0) << warned.err;
    const std::string message = "warning: untrained.safetensors: its head has first values alone";
    EXPECT_NE(warned.err.find(message), std::string::npos) << warned.err;
    EXPECT_EQ(warned.err.find(message), warned.err.rfind(message)) << warned.err;
    EXPECT_NE(warned.err.find("spinenet train RECIPE --from untrained.safetensors"), std::string::npos) << warned.err;
    EXPECT_EQ(run(fmt::format(fmt::runtime(line), "tiny.safetensors")).err.find("first values"), std::string::npos);
  }
}

TEST_F(Predict, ReadsFoldersAndPatternsInOrder) {
  write_image("set/b.png", 1);
  write_image("set/a.jpg", 2);
  fixture::put_file(folder_ / "set/notes.txt", "not looked at");
  const std::string table = run("predict tiny.safetensors set").out;
  EXPECT_LT(table.find("set/a.jpg"), table.find("set/b.png"));
  EXPECT_EQ(table.find("notes"), std::string::npos);
  EXPECT_EQ(run("predict tiny.safetensors 'set/*.[pj]*g'").out, table);
  EXPECT_EQ(run("predict tiny.safetensors 'set/*.gif'").status, 65);
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_EQ(run("predict tiny.safetensors empty").status, 65);
}

// By content, not by name; what is passed over is counted in one line.
TEST_F(Predict, TakesEveryImageOfAFolder) {
  const image::Image shown = test_image(90, 120, 1);
  std::filesystem::create_directories(folder_ / "set/deeper");
  fixture::put_file(folder_ / "set/a.jfif", image::encode_jpeg(shown));
  fixture::put_file(folder_ / "set/b", image::encode_png(shown));
  fixture::put_file(folder_ / "set/c.bmp", bmp_file(shown));
  fixture::put_file(folder_ / "set/._a.jfif", "of macOS");
  fixture::put_file(folder_ / "set/d.jpg", "<html>not found</html>");
  fixture::put_file(folder_ / "set/e.gif", "GIF89a");
  const Outcome outcome = run("predict tiny.safetensors set --json found.json --threshold 0.05");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("set: 3 images; 4 passed over: 1 GIF, which is not read (e.gif); 1 folder (deeper); "
                             "1 hidden (._a.jfif); 1 no image (d.jpg)"),
            std::string::npos)
      << outcome.err;
  std::map<std::string, std::vector<Json>> boxes;
  for (const Json& result : read_json(folder_ / "found.json")) {
    boxes[result["file_name"]].push_back({result["bbox"], result["score"]});
  }
  ASSERT_EQ(boxes.size(), 3U);
  EXPECT_EQ(boxes["set/b"], boxes["set/c.bmp"]) << "the same pixels";
  EXPECT_EQ(run("predict tiny.safetensors set/e.gif").status, 65) << "what is named itself is tried";
}

TEST_F(Predict, KeepsToTheNumberOfEachClass) {
  write_image("a.png", 1);
  std::map<int, int> count;
  for (const Json& result : run_json("predict tiny.safetensors a.png --json --threshold 0 --max-per-class 2")) {
    ++count[result["category_id"].get<int>()];
  }
  EXPECT_FALSE(count.empty());
  for (const auto& [category, number] : count) EXPECT_LE(number, 2) << category;
  EXPECT_EQ(run("predict tiny.safetensors a.png --max-per-class 0").status, 2);
}

// Of a wide image three quarters of the input are padding, where this model finds objects, too.
TEST_F(Predict, EveryBoxHasAnArea) {
  write_image("wide.png", 1, 20, 160);
  const Json results = run_json("predict tiny.safetensors wide.png --json --threshold 0");
  ASSERT_GT(results.size(), 0U);
  for (const Json& result : results) {
    EXPECT_GT(result["bbox"][2].get<double>(), 0);
    EXPECT_GT(result["bbox"][3].get<double>(), 0);
  }
}

TEST_F(Predict, SaysWhereTheImagesAreAndWhatFindsMore) {
  write_image("a.png", 1);
  const Outcome nothing = run("predict tiny.safetensors a.png --threshold 1 --out drawn");
  EXPECT_NE(nothing.err.find("drawn images: drawn"), std::string::npos) << nothing.err;
  EXPECT_NE(nothing.err.find("no object has a score of 1: a lower --threshold"), std::string::npos) << nothing.err;
  const Outcome some = run("predict tiny.safetensors a.png --threshold 0");
  EXPECT_EQ(some.err.find("--threshold"), std::string::npos) << some.err;
  EXPECT_EQ(some.err.find("drawn images"), std::string::npos) << some.err;
}

TEST_F(Predict, NamesAnImageThatIsTooNarrow) {
  write_image("narrow.png", 1, 1, 1200);
  const Outcome outcome = run("predict tiny.safetensors narrow.png");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("narrow.png: an image of 1 x 1200 (height x width) exceeds the limit of 1000"),
            std::string::npos)
      << outcome.err;
}

TEST_F(Predict, ReadsStandardInput) {
  write_image("a.png", 1);
  Json from_file = run_json("predict tiny.safetensors a.png --json --threshold 0.05");
  Json from_pipe = run_json("predict tiny.safetensors - --json --threshold 0.05", (folder_ / "a.png").string());
  for (Json& result : from_file) result.erase("file_name");
  for (Json& result : from_pipe) result.erase("file_name");
  EXPECT_EQ(from_pipe, from_file);
  EXPECT_EQ(run("predict tiny.safetensors -").status, 65) << "empty input";
}

TEST_F(Predict, GoesOnBehindABrokenImage) {
  write_image("a.png", 1);
  fixture::put_file(folder_ / "broken.jpg", "not an image");
  write_image("c.png", 3);
  const std::string whole = image::encode_png(test_image(90, 120, 4));
  fixture::put_file(folder_ / "cut.png", whole.substr(0, whole.size() / 2));
  const Outcome outcome =
      run("predict tiny.safetensors a.png broken.jpg cut.png c.png --out drawn --json all.json --threshold 0.05");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("broken.jpg"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("cut.png"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("2 of 4 images"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("c.png (120x90)"), std::string::npos) << outcome.out;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "drawn/c.png"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "drawn/cut.png"));
  EXPECT_EQ(read_json(folder_ / "all.json").back()["image_id"], 4);
}

// Boxes are in pixels of the image as a viewer shows it.
TEST_F(Predict, AppliesTheOrientation) {
  const std::string jpeg = image::encode_jpeg(test_image(90, 120, 5));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    fixture::put_file(folder_ / "turned.jpg", with_orientation(jpeg, orientation));
    const image::Image upright = image::read_image(folder_ / "turned.jpg");
    EXPECT_EQ(upright.height, orientation >= 5 ? 120 : 90);
    fixture::put_file(folder_ / "upright.png", image::encode_png(upright));
    Json turned = run_json("predict tiny.safetensors turned.jpg --json --threshold 0.05 -q");
    Json straight = run_json("predict tiny.safetensors upright.png --json --threshold 0.05 -q");
    for (Json& result : turned) result.erase("file_name");
    for (Json& result : straight) result.erase("file_name");
    EXPECT_EQ(turned, straight) << orientation;
  }
}

TEST_F(Predict, TakesIdsFromAnnotations) {
  write_image("set/a.png", 1);
  fixture::put_file(folder_ / "val.json",
                    R"({"images": [{"id": 77, "file_name": "a.png", "height": 90, "width": 120}],
                        "categories": [{"id": 3, "name": "apple"}], "annotations": []})");
  const Json results =
      run_json("predict tiny.safetensors set/a.png --annotations val.json --json --max 1 --threshold 0");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0]["image_id"], 77);
  write_image("set/other.png", 1);
  const Outcome none = run("predict tiny.safetensors set/other.png --annotations val.json");
  EXPECT_EQ(none.status, 65);
  EXPECT_NE(none.err.find("lists none of the 1 images, such as set/other.png"), std::string::npos) << none.err;
  const Outcome some = run("predict tiny.safetensors set --annotations val.json --json found.json --threshold 0");
  EXPECT_EQ(some.status, 0) << some.err;
  EXPECT_NE(some.err.find("val.json: 1 of 2 images are not listed and passed over, such as set/other.png"),
            std::string::npos)
      << some.err;
  for (const Json& result : read_json(folder_ / "found.json")) EXPECT_EQ(result["image_id"], 77);
}

TEST_F(Predict, FindsNamesThatAreWrittenOtherwise) {
  write_image("set/deep/a.png", 1);
  for (const char* listed : {"./a.png", "././deep/a.png", "deep//a.png", "deep/./a.png", "x/../a.png"}) {
    fixture::put_file(folder_ / "val.json",
                      fmt::format(R"({{"images": [{{"id": 77, "file_name": "{}", "height": 90, "width": 120}}],
                                      "categories": [{{"id": 3, "name": "apple"}}], "annotations": []}})",
                                  listed));
    for (const char* given : {"set/deep/a.png", "./set//deep/./a.png"}) {
      const Outcome outcome =
          run(fmt::format("predict tiny.safetensors {} --annotations val.json --json --max 1 --threshold 0", given));
      const bool safe = std::string_view(listed).find("..") == std::string_view::npos;
      EXPECT_EQ(outcome.status, safe ? 0 : 65) << listed << ", " << given << ": " << outcome.err;
      if (!safe) continue;
      EXPECT_EQ(parse_json(outcome.out, "found")[0]["image_id"], 77) << listed << ", " << given;
    }
  }
}

TEST_F(Predict, NumbersImagesOfOneName) {
  write_image("one/a.png", 1);
  write_image("two/a.png", 2);
  EXPECT_EQ(run("predict tiny.safetensors one/a.png two/a.png --out drawn").status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "drawn/a.png"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "drawn/a_2.png"));
}

TEST_F(Predict, NeverWritesOverItsInput) {
  write_image("a.png", 1);
  const std::string before = read_file(folder_ / "a.png");
  EXPECT_EQ(run("predict tiny.safetensors a.png --out .").status, 2);
  EXPECT_EQ(read_file(folder_ / "a.png"), before);
  EXPECT_EQ(run("predict tiny.safetensors --json a.png").status, 0) << "the word behind --json is no .json file";
  EXPECT_EQ(read_file(folder_ / "a.png"), before);
}

TEST_F(Predict, NamesWhatIsMissing) {
  write_image("a.png", 1);
  EXPECT_EQ(run("predict tiny.safetensors missing.jpg").status, 1);
  EXPECT_EQ(run("predict missing.safetensors a.png").status, 1);
  EXPECT_EQ(run("predict a.png a.png").status, 65);
  EXPECT_EQ(run("predict tiny.safetensors a.png --out tiny.safetensors").status, 1);
  EXPECT_NE(run("predict tiny.safetensors a.png --device gpu").status, 0);
}

TEST_F(Predict, RefusesWeightsOfAnotherNetwork) {
  formats::ModelFile model = tiny_model();
  model.classes.push_back({9, "fig"});
  formats::write_model(fixture::output(folder_ / "other.safetensors"), model);
  write_image("a.png", 1);
  const Outcome outcome = run("predict other.safetensors a.png");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("head.class.predict"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace spinenet
