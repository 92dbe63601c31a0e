// Help, wrong usage, streams.
#include "base/files.h"
#include "base/format.h"
#include "cli/program.h"

namespace spinenet {
namespace {

class Usage : public ProgramTest {};

TEST_F(Usage, HelpGoesToStandardOutput) {
  for (const char* line : {"--help", "-h", "help", "describe --help", "help describe", "data --help", "data check -h",
                           "train --help", "compare --help", "eval --help", "predict --help", "checks --help"}) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 0) << line;
    EXPECT_NE(outcome.out.find("Usage: "), std::string::npos) << line;
    EXPECT_TRUE(outcome.out.ends_with("\n")) << line;
    EXPECT_EQ(outcome.err, "") << line;
  }
}

TEST_F(Usage, HelpNamesEveryVerb) {
  const std::string help = run("--help").out;
  for (const char* verb : {"describe", "data", "train", "compare", "eval", "predict", "export", "bench", "checks"}) {
    EXPECT_NE(help.find(fmt::format("\n  {} ", verb)), std::string::npos) << verb;
  }
}

TEST_F(Usage, VersionIsOneLine) {
  const Outcome outcome = run("--version");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "spinenet " SPINENET_TEST_VERSION "\n");
}

TEST_F(Usage, IsAnsweredWithTheNearestName) {
  const std::vector<std::pair<std::string, std::string>> lines{
      {"", "a command is missing"},
      {"predct x", "did you mean \"predict\"?"},
      {"data chek x", "did you mean \"check\"?"},
      {"describe spinenet-49 --jsn", "did you mean \"--json\"?"},
      {"describe spinnet-49", "did you mean \"spinenet-49\"?"},
      {"describe spinenet-49 --task detekt", "did you mean \"detect\"?"},
      {"data scenes --out x --level hrad", "hard"},
      {"eval --annotations a.json --results r.json --iou sgm", "did you mean \"segm\"?"},
      {"eval --annotations a.json", "give a MODEL or --results"},
      {"eval m.safetensors --annotations a.json", "--images is missing"},
      {"eval --results r.json", "--annotations is missing"},
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

#ifndef SPINENET_WITH_TORCH
TEST_F(Usage, TrainSaysWhatThisBuildLacks) {
  const Outcome outcome = run("train recipe.yaml");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("this build has no LibTorch"), std::string::npos);
}
#endif

}  // namespace
}  // namespace spinenet
