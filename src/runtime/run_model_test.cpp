#include "runtime/run_model.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::runtime {
namespace {

namespace fs = std::filesystem;

class RunModelTest : public testing::Test {
 protected:
  // A folder with a marker of this kind and these files.
  std::string folder(const std::string& name, const std::string& kind, const std::vector<std::string>& files) const {
    fs::create_directories(scratch_ / name);
    if (!kind.empty()) {
      fixture::put_file(scratch_ / name / ".spinenet",
                        R"({"program": "spinenet", "kind": ")" + kind + R"(", "id": "1"})");
    }
    for (const std::string& file : files) fixture::put_file(scratch_ / name / file, "x");
    return (scratch_ / name).string();
  }

  static std::string refusal(const std::string& path) {
    try {
      return "accepted: " + model_at(path).path.string();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
      return error.what();
    }
  }

  fixture::ScratchFolder scratch_;
};

TEST_F(RunModelTest, WhatIsNoFolderIsItself) {
  for (const char* path : {"spinenet-49", "nowhere/best.safetensors", ""}) EXPECT_EQ(model_at(path).path, path);
}

TEST_F(RunModelTest, ARunStandsForItsBestModel) {
  const std::string run = folder("run", "a training run", {"best.safetensors", "last.safetensors"});
  EXPECT_EQ(model_at(run).path, fs::path(run) / "best.safetensors");
  EXPECT_EQ(model_at(run + "/").path, fs::path(run) / "best.safetensors");
  EXPECT_EQ(model_at(run).note, "");
  const std::string older = folder("older", "", {"recipe.yaml", "lock", "best.safetensors"});
  EXPECT_EQ(model_at(older).path, fs::path(older) / "best.safetensors");
}

TEST_F(RunModelTest, OrForItsLastOneWithANote) {
  const std::string run = folder("run", "a training run", {"last.safetensors"});
  const RunModel model = model_at(run);
  EXPECT_EQ(model.path, fs::path(run) / "last.safetensors");
  EXPECT_EQ(model.note, run + " has no best model: taking the last one, " + run + "/last.safetensors");
}

TEST_F(RunModelTest, OtherFoldersAreRefusedWithTheRemedy) {
  const std::string remedy = "; name a model (.safetensors), or a run folder of spinenet train";
  const std::string images = folder("images", "", {"best.safetensors"});
  EXPECT_EQ(refusal(images), images + ": is a folder, and not that of a training run" + remedy);
  const std::string comparison = folder("both", "a comparison", {});
  EXPECT_EQ(refusal(comparison), comparison + ": is a comparison, not a training run" + remedy);
  const std::string begun = folder("my run", "a training run", {"recipe.yaml"});
  EXPECT_EQ(refusal(begun), begun +
                                ": is a training run that has no model yet; its first measurement writes one: "
                                "spinenet train --resume --out '" +
                                begun + "'");
}

}  // namespace
}  // namespace spinenet::runtime
