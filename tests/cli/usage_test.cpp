// Help, wrong usage, streams.
#include <algorithm>

#include "base/files.h"
#include "base/format.h"
#include "cli/program.h"

namespace spinenet {
namespace {

class Usage : public ProgramTest {};

TEST_F(Usage, HelpGoesToStandardOutput) {
  std::vector<std::string> help_lines{"--help", "-h", "help", "help describe", "data check -h"};
  for (const std::string& verb : every_verb()) help_lines.push_back(verb + " --help");
  for (const std::string& line : help_lines) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 0) << line;
    EXPECT_NE(outcome.out.find("Usage: "), std::string::npos) << line;
    EXPECT_TRUE(outcome.out.ends_with("\n")) << line;
    EXPECT_EQ(outcome.err, "") << line;
  }
}

TEST_F(Usage, WithoutAVerbIsAskedForHelp) {
  for (const std::string line : {"", "data", "study"}) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 0) << line;
    EXPECT_EQ(outcome.out, run(line + " --help").out) << line;
    EXPECT_EQ(outcome.err, "") << line;
  }
  EXPECT_NE(run("").out.find("Begin with:\n  spinenet data scenes "), std::string::npos);
}

// The first, the last and one of each verb that has verbs of its own: the lists of this test are not cut.
TEST_F(Usage, TheListOfCommandsHasTheVerbs) {
  const std::vector<std::string> verbs = every_verb();
  for (const char* verb : {"describe", "data", "data check", "search", "study", "study export", "checks"}) {
    EXPECT_EQ(std::ranges::count(verbs, verb), 1) << verb;
  }
}

TEST_F(Usage, EveryVerbRefusesAFlagThatItDoesNotHave) {
  for (const std::string& verb : every_verb()) {
    const Outcome outcome = run(verb + " --xyzzyxyzzy");
    EXPECT_EQ(outcome.status, 2) << verb;
    EXPECT_EQ(outcome.out, "") << verb;
    EXPECT_TRUE(outcome.err.starts_with("error: unknown flag \"--xyzzyxyzzy\"")) << outcome.err;
  }
}

TEST_F(Usage, VersionIsOneLine) {
  const Outcome outcome = run("--version");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "spinenet " SPINENET_TEST_VERSION "\n");
}

TEST_F(Usage, IsAnsweredWithTheNearestName) {
  const std::vector<std::pair<std::string, std::string>> lines{
      {"predct x", "did you mean \"predict\"?"},
      {"data chek x", "did you mean \"check\"?"},
      {"describe spinenet-49 --jsn", "did you mean \"--json\"?"},
      {"describe spinnet-49", "did you mean \"spinenet-49\"?"},
      {"describe spinenet-49 --task detekt", "did you mean \"detect\"?"},
      {"data scenes --out x --level hrad", "hard"},
      {"data convert x --from yol --to coco --out y", "did you mean \"yolo\"?"},
      {"data convert x --from yolo --to coko --out y", "did you mean \"coco\"?"},
      {"data split x.json --out y --parts train=0.8", "the shares sum to 0.8, not to 1"},
      {"data split x.json --out y --parts train", "is no part with its share"},
      {"data split x.json --out y --parts train=1 --group-by vid", "has no group in round brackets"},
      {"data merge x.json --out y.json", "give two or more"},
      {"eval --annotations a.json --results r.json --iou sgm", "did you mean \"segm\"?"},
      {"eval --annotations a.json", "give a MODEL or --results"},
      {"eval m.safetensors --annotations a.json", "--images is missing"},
      {"eval --results r.json", "--annotations is missing"},
      {"import a.pth --out b.safetensors", "--as is required"},
      {"import a.pth --as resnet-5 --out b.safetensors", "did you mean \"resnet-50\"?"},
      {"import a.pth --as resnet-50 --task detect --out b.safetensors", "cannot detect"},
      {"import a.pth --as resnet-50 --activation swich --out b.safetensors", "did you mean \"swish\"?"},
      {"import a.pth --as resnet-50 --classes 0 --out b.safetensors", "--classes 0; use 1 to 100000"},
      {"train", "RECIPE is missing"},
      {"train --resume", "--resume needs --out"},
  };
  for (const auto& [line, message] : lines) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 2) << line << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << line;
    EXPECT_TRUE(outcome.err.starts_with("error: ")) << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  }
}

TEST_F(Usage, ChecksSayWhatABugReportNeeds) {
  const Json json = run_json("checks --json");
  for (const char* key : {"spinenet", "compiler", "system", "processor", "instruction sets", "cores", "libtorch"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_NE(run("checks").out.find("instruction sets"), std::string::npos);
}

TEST_F(Usage, AClosedPipeEndsQuietly) {
  const std::string script = fmt::format(
      "bash -c '\"{}\" describe spinenet-190 --json | head -c 1 >/dev/null; "
      "exit ${{PIPESTATUS[0]}}' 2>'{}'",
      SPINENET_PROGRAM, (folder_ / "err").string());
  EXPECT_EQ(std::system(script.c_str()), 0);
  EXPECT_EQ(read_file(folder_ / "err"), "");
}

TEST_F(Usage, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const std::string script = fmt::format("bash -c '\"{}\" describe spinenet-49 >/dev/full; exit $?' 2>'{}'",
                                         SPINENET_PROGRAM, (folder_ / "err").string());
  EXPECT_NE(std::system(script.c_str()), 0);
  EXPECT_NE(read_file(folder_ / "err").find("standard output: cannot write"), std::string::npos);
}

}  // namespace
}  // namespace spinenet
