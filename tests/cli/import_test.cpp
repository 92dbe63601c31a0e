// spinenet import: from a file of another program to answers about images.
#include "arch/text.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "formats/import/pytorch_fixture.h"
#include "image/encode.h"

namespace spinenet {
namespace {

class ImportVerb : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    fixture::put_file(folder_ / "source.pth", torchvision_file());
    fixture::put_file(folder_ / "narrow.json", to_text(arch::to_json(narrow_resnet())));
  }
};

TEST_F(ImportVerb, MakesAModelThatPredicts) {
  fixture::put_file(folder_ / "names.txt", "apple\npear\n");
  const Json report = run_json("import source.pth --as narrow.json --classes names.txt --out m.safetensors --json");
  EXPECT_EQ(report.at("task"), "classify");
  EXPECT_EQ(report.at("format"), "PyTorch (ZIP)");
  EXPECT_GT(report.at("taken").get<int>(), 50);
  EXPECT_TRUE(report.at("left").empty());
  EXPECT_TRUE(report.at("missing").empty());
  EXPECT_EQ(report.at("no_tensors")[0], "epoch: a number");
  fixture::put_file(folder_ / "a.png", image::encode_png(test_image(40, 50, 1)));
  const Json found = run_json("predict m.safetensors a.png --json --threshold 0");
  EXPECT_EQ(found[0].at("classes").size(), 2U);
  const std::string category = found[0].at("category");
  EXPECT_TRUE(category == "apple" || category == "pear") << category;
}

TEST_F(ImportVerb, TellsPeopleWhatBecameOfTheTensors) {
  const Outcome outcome = run("import source.pth --as narrow.json --classes 7 --seed 4 --out m.safetensors");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* part : {"classify, 7 classes, 224 px", "names of torchvision, timm", "2 (fc.bias [2], fc.weight",
                           "first values of seed 4", "epoch: a number", "entry of the file", "state_dict"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
  }
}

TEST_F(ImportVerb, SaysWhatWasOpenedAndRefusesWhatTheSourceDecides) {
  EXPECT_EQ(run("import source.pth --as narrow.json --activation swish --out m.safetensors").status, 2);
  const Outcome outcome = run("import source.pth --as narrow.json --averages --out m.safetensors");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("source.pth has no moving averages"), std::string::npos) << outcome.err;
}

TEST_F(ImportVerb, ForeignCodeIsNamedAndNotRun) {
  using namespace fixture::pickle;
  const std::string evil = call(global("os", "system"), {text("touch was_run")});
  fixture::put_file(folder_ / "evil.pth", fixture::pytorch_zip(dict({{"w", evil}, {"conv1.weight", evil}}), {}));
  const Outcome outcome = run("import evil.pth --as narrow.json --out m.safetensors");
  EXPECT_EQ(outcome.status, 65);
  EXPECT_NE(outcome.err.find("os.system, which is not run"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "was_run"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.safetensors"));
}

// ImageNet has two classes of that name; editors of Windows begin a file with a mark.
TEST_F(ImportVerb, NamesMayBeTheSameAndBeginWithAMark) {
  fixture::put_file(folder_ / "names.txt",
                    "\xEF\xBB\xBF"
                    "crane\r\ncrane\r\n");
  const Outcome outcome = run("import source.pth --as narrow.json --classes names.txt --out m.safetensors");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("names.txt: lines 1 and 2 are the same name \"crane\""), std::string::npos) << outcome.err;
}

TEST_F(ImportVerb, WrongFilesOfClassesAreRefused) {
  fixture::put_file(folder_ / "names.txt", "apple\n\npear\n");
  EXPECT_NE(
      run("import source.pth --as narrow.json --classes names.txt --out m.safetensors").err.find("line 2 is empty"),
      std::string::npos);
  EXPECT_EQ(run("import source.pth --as narrow.json --classes missing.txt --out m.safetensors").status, 1);
}

}  // namespace
}  // namespace spinenet
