// How `spinenet` finds and starts spinenet-train.
#include <cstdlib>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"
#include "image/image.h"

namespace spinenet {
namespace {

class TrainingProgram : public ProgramTest {
 protected:
  // Another program in the place of spinenet-train.
  void install(const std::string& script) {
    fixture::put_file(folder_ / "libexec" / "spinenet-train", "#!/bin/sh\n" + script);
    std::filesystem::permissions(folder_ / "libexec" / "spinenet-train", std::filesystem::perms::owner_all);
    environment_ = "SPINENET_LIBEXEC=libexec";
  }

  void SetUp() override {
    ProgramTest::SetUp();
    std::filesystem::create_directories(folder_ / "libexec");
  }
};

TEST_F(TrainingProgram, IsStartedInPlaceWithTheSameArguments) {
  install("echo \"$$ $*\"; echo \"$SPINENET_BUILD_ID\"; cat; echo note >&2; exit 37\n");
  fixture::put_file(folder_ / "input", "from standard input\n");
  fixture::put_file(folder_ / "run.sh",
                    fmt::format("echo $$; exec '{}' train a.yaml --set 'x=1 2' --json -q\n", SPINENET_PROGRAM));
  const std::string command =
      fmt::format("cd '{}' && {} sh run.sh <input >.out 2>.err", folder_.string(), environment_);
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 37);
  const std::string out = read_file(folder_ / ".out"), errors = read_file(folder_ / ".err");
  const std::string process = out.substr(0, out.find('\n'));
  const std::string id = run_json("checks --json")["build"];
  EXPECT_TRUE(id.starts_with(SPINENET_TEST_VERSION "-")) << id;
  EXPECT_EQ(out, fmt::format("{0}\n{0} train a.yaml --set x=1 2 --json -q\n{1}\nfrom standard input\n", process, id));
  EXPECT_EQ(errors, "note\n");
}

TEST_F(TrainingProgram, IsStartedForNothingThatNeedsNone) {
  install("exit 37\n");
  for (const char* line : {"--version", "--help", "train --help", "describe spinenet-49", "search --keys"}) {
    EXPECT_EQ(run(line).status, 0) << line;
  }
  EXPECT_EQ(run("train --epochs 3").status, 2) << "wrong usage is told at once";
}

// LibTorch's threads must not wait in loops for long beside other processes; whoever wants them to can say so.
TEST_F(TrainingProgram, ItsThreadsSleepWhenTheyWait) {
  install("echo \"$OMP_WAIT_POLICY $GOMP_SPINCOUNT\"\n");
  const std::string installed = environment_;
  EXPECT_EQ(run("train a.yaml").out, " 10000\n");
  environment_ = installed + " OMP_WAIT_POLICY=active";
  EXPECT_EQ(run("train a.yaml").out, "active \n");
  environment_ = installed + " GOMP_SPINCOUNT=7";
  EXPECT_EQ(run("train a.yaml").out, " 7\n");
}

TEST_F(TrainingProgram, NotInstalledIsSaidWithTheRemedy) {
  environment_ = "SPINENET_LIBEXEC=nowhere";
  formats::write_model(fixture::output(folder_ / "tiny.safetensors"), tiny_model());
  fixture::put_file(folder_ / "x.jpg", image::encode_png(image::make_image(8, 8)));
  for (const char* line : {"train recipe.yaml", "train --keys", "compare recipe.yaml", "search a.yaml --study a.study",
                           "predict tiny.safetensors x.jpg --device cuda"}) {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.status, 1) << line;
    EXPECT_EQ(outcome.out, "") << line;
    EXPECT_NE(outcome.err.find("training is not installed"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("spinenet-train"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("SPINENET_LIBEXEC is nowhere"), std::string::npos) << outcome.err;
  }
  EXPECT_NE(run_json("checks --json")["libtorch"].get<std::string>().find("not installed"), std::string::npos);
}

TEST_F(TrainingProgram, ThatDoesNotStartIsAFactOfChecks) {
  install("echo 'libtorch.so.1.13: cannot open' >&2; exit 127\n");
  const std::string fact = run_json("checks --json")["libtorch"];
  EXPECT_NE(fact.find("does not start: libtorch.so.1.13: cannot open"), std::string::npos) << fact;
}

TEST_F(TrainingProgram, IsAllThatHasLibTorch) {
  const std::string command = fmt::format("ldd '{}' >'{}'", SPINENET_PROGRAM, (folder_ / "ldd").string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string libraries = read_file(folder_ / "ldd");
  EXPECT_NE(libraries.find("libc.so"), std::string::npos) << libraries;
  // Nor what makes a start slow: libpq with Kerberos and LDAP, Highway's timer.
  for (const char* name : {"torch", "libpq", "libldap", "libhwy"}) {
    EXPECT_EQ(libraries.find(name), std::string::npos) << libraries;
  }
}

#ifdef SPINENET_TRAIN_PROGRAM
TEST_F(TrainingProgram, OfAnotherBuildRefusesByName) {
  const std::string id = run_json("checks --json")["build"];
  const std::string command = fmt::format("SPINENET_BUILD_ID=0.0.1-other '{}' train --keys >'{}' 2>&1",
                                          SPINENET_TRAIN_PROGRAM, (folder_ / "said").string());
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2);
  const std::string said = read_file(folder_ / "said");
  EXPECT_NE(said.find(fmt::format("is of build {}, and spinenet, which started it, of build 0.0.1-other", id)),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("install both programs from one release"), std::string::npos) << said;
}

TEST_F(TrainingProgram, HasTheSameHelp) {
  for (const char* line : {"--help", "train --help", "predict --help", "--version"}) {
    const std::string command = fmt::format("'{}' {} >'{}'", SPINENET_TRAIN_PROGRAM, line, (folder_ / "help").string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(read_file(folder_ / "help"), run(line).out) << line;
  }
}
#endif

}  // namespace
}  // namespace spinenet
