// Exported files in ONNX Runtime: a folder of files and runs, and the comparison by tests/parity/run_onnx.py.
//
// Runs where python3, or the program that SPINENET_PYTHON names, can import onnxruntime; skipped elsewhere.
// Thread contract: one test at a time; each has a folder of its own.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/host_tensor.h"
#include "formats/onnx/file.h"

namespace spinenet {

class OrtTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void add_file(const std::string& name, const formats::OnnxFile& file) const;
  // A run of the file of that name: in/INPUT and out/OUTPUT; integers as floats.
  void add_run(const std::string& name, const Weights& tensors);
  void compare() const;

  std::filesystem::path folder_;
  int runs_ = 0;
};

}  // namespace spinenet
