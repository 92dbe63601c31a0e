// The built program, run as a user would, and small inputs for it.
//
// Thread contract: one test at a time; each has a folder of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "arch/architecture.h"
#include "base/json.h"
#include "formats/model_file.h"
#include "image/image.h"

namespace spinenet {

struct Outcome {
  int status = 0;
  std::string out, err;
};

// A fresh folder for each test, removed with it.
class ProgramTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // `arguments` as typed in a shell, in the test's folder; `input` is the file standard input comes from.
  Outcome run(const std::string& arguments, const std::string& input = "/dev/null") const;
  // Standard output of a run that must succeed, as JSON.
  Json run_json(const std::string& arguments, const std::string& input = "/dev/null") const;

  // Every verb that has a manual page, those of verbs behind them: "data", "data check".
  std::vector<std::string> every_verb() const;

  std::filesystem::path folder_;
  std::string environment_;  // NAME=value words before the command
};

// A narrow SpineNet of two classes (ids 3 and 7) with random weights that finds something everywhere.
formats::ModelFile tiny_model();

// The same for the task classify, at 32 px.
formats::ModelFile tiny_classifier();

// The same for the task segment, at 128 px.
formats::ModelFile tiny_segmenter();

// A narrow ResNet-50 of one block in each stage, and a PyTorch file of its random weights under torchvision's names,
// for two classes.
arch::Architecture narrow_resnet();
std::string torchvision_file();

// Smooth, and different for each seed.
image::Image test_image(int height, int width, int seed);

// The JPEG file with an EXIF block that gives the orientation.
std::string with_orientation(const std::string& jpeg, int orientation);

}  // namespace spinenet
