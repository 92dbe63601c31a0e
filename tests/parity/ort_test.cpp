#include "parity/ort_test.h"

#include <cstdlib>

#include <unistd.h>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "formats/safetensors.h"

namespace spinenet {
namespace {

std::string python() {
  const char* named = std::getenv("SPINENET_PYTHON");
  return named != nullptr ? named : "python3";
}

}  // namespace

void OrtTest::SetUp() {
  if (std::system(fmt::format("'{}' -c 'import onnxruntime' 2>/dev/null", python()).c_str()) != 0) {
    GTEST_SKIP() << python() << " has no onnxruntime";
  }
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  folder_ = std::filesystem::path(testing::TempDir()) / fmt::format("spinenet_ort_{}_{}", info->name(), ::getpid());
  std::filesystem::create_directories(folder_);
}

void OrtTest::TearDown() {
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

void OrtTest::add_file(const std::string& name, const formats::OnnxFile& file) const {
  fixture::put_file(folder_ / (name + ".onnx"), formats::to_bytes(file, name));
}

void OrtTest::add_run(const std::string& name, const Weights& tensors) {
  formats::write_safetensors(fixture::output(folder_ / fmt::format("{}.{}.safetensors", name, runs_++)), {tensors, {}});
}

void OrtTest::compare() const {
  const std::string command = fmt::format("'{}' '{}/tests/parity/run_onnx.py' '{}' >'{}' 2>&1", python(),
                                          SPINENET_SOURCE_DIR, folder_.string(), (folder_ / "log").string());
  const int status = std::system(command.c_str());
  const std::string log = read_file(folder_ / "log");
  EXPECT_EQ(status, 0) << log;
  fmt::print("{}", log);
}

}  // namespace spinenet
