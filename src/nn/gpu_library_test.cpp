#include "nn/gpu_library.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "base/error.h"
#include "nn/device.h"
#include "nn/torch_forward.h"

namespace spinenet::nn {
namespace {

TEST(GpuLibrary, IsAvailableOrSaysWhyNot) {
  EXPECT_EQ(gpu_is_available(), why_no_gpu().empty()) << why_no_gpu();
  EXPECT_EQ(torch_finds_gpu(), gpu_is_available());
  EXPECT_EQ(gpu_is_available(), torch::cuda::is_available());
}

TEST(GpuLibrary, AMissingGpuIsRefusedWithTheReason) {
  if (gpu_is_available()) GTEST_SKIP() << "there is a GPU here";
  try {
    find_device("cuda");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find(why_no_gpu()), std::string::npos) << error.what();
  }
  EXPECT_TRUE(find_device("auto").is_cpu());
}

}  // namespace
}  // namespace spinenet::nn
