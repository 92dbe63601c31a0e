#include <filesystem>

#include <gtest/gtest.h>
#include <spinenet/spinenet.h>

namespace spinenet::api {
namespace {

TEST(Api, DescribesWhatItNames) {
  for (const std::string& name : architectures()) EXPECT_GT(describe(name, 128, 3).parameters, 800'000) << name;
  EXPECT_NEAR(static_cast<double>(describe("spinenet-49", 640, 91).multiply_adds), 85.3e9, 0.1e9);
}

TEST(Api, ThrowsWithTheNearestName) {
  try {
    describe("spinenet-50", 640, 91);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("spinenet-"), std::string::npos) << error.what();
  }
}

TEST(Api, EvaluatesFiles) {
  const std::filesystem::path golden = std::filesystem::path(SPINENET_SHARED_DIR) / "data" / "coco_golden";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << "no data set in " << golden;
  const auto numbers = evaluate((golden / "instances_val2014_100.json").string(),
                                (golden / "instances_val2014_fakebbox100_results.json").string());
  EXPECT_NEAR(numbers.at("AP"), 0.505, 0.0005);
  EXPECT_NEAR(numbers.at("ARl"), 0.564, 0.0005);
}

}  // namespace
}  // namespace spinenet::api
