// Ranges as bytes, ranges that fit what was seen, and calibrations as text.
#include "engine/quantize/quantization.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "engine/quantize/range_search.h"

namespace spinenet::engine {
namespace {

TEST(Quantization, CoversItsRangeAndHasZeroAsAByte) {
  const Quantization both = quantization_of({-1, 3});
  EXPECT_NEAR(both.scale * static_cast<float>(255 - both.zero), 3, both.scale);
  EXPECT_NEAR(both.scale * static_cast<float>(-both.zero), -1, both.scale);
  EXPECT_EQ(quantization_of({2, 5}).zero, 0) << "zero belongs to every range";
  EXPECT_EQ(quantization_of({-5, -2}).zero, 255);
  EXPECT_GT(quantization_of({0, 0}).scale, 0) << "a map of zeros is bytes too";
}

TEST(RangeSearch, CutsAFewFarValuesOffAndKeepsManyEvenOnes) {
  Histogram even{{0, 1}, {}}, far{{0, 100}, {}};
  Random random(3);
  std::vector<float> values(200000);
  for (float& x : values) x = static_cast<float>(random.uniform());
  count(even, values);
  EXPECT_GT(best_range(even).high, 0.95F);
  for (float& x : values) x = static_cast<float>(std::abs(random.normal()) * 10);
  values.front() = 100;
  ValueRange seen;
  widen(seen, values);
  EXPECT_EQ(seen.high, 100);
  count(far, values);
  values.front() = 0;
  for (int i = 0; i < 20; ++i) count(far, values);
  EXPECT_LT(best_range(far).high, 60) << "one value in four millions is not worth half of the bytes";
  EXPECT_GT(best_range(far).high, 30);
}

TEST(Calibration, ComesBackFromItsText) {
  Calibration made{"0123456789abcdef", 5, {{"a", {-0.1F, 2.5F}}, {"b", {0, 1e-9F}}}, {"b"}, 0.02};
  const Calibration found = calibration_from_json(Json::parse(to_json(made).dump()), "here");
  EXPECT_EQ(to_json(found), to_json(made));
  EXPECT_EQ(found.ranges.at("a").low, -0.1F);
  EXPECT_EQ(found.kept, made.kept);
}

TEST(Calibration, RefusesWhatIsNone) {
  const Json good = to_json({"0", 5, {{"a", {-0.1F, 2.5F}}}, {}, 0});
  for (const char* key : {"weights", "images", "error", "kept", "ranges"}) {
    Json broken = good;
    broken.erase(key);
    EXPECT_THROW(calibration_from_json(broken, "here"), Error) << key;
  }
  Json broken = good;
  broken["ranges"]["a"] = {1, 2};
  EXPECT_THROW(calibration_from_json(broken, "here"), Error) << "a range without zero";
  broken["ranges"]["a"] = {-3e38, 3e38};
  EXPECT_THROW(calibration_from_json(broken, "here"), Error) << "wider than floats reach";
  broken["ranges"]["a"] = 7;
  EXPECT_THROW(calibration_from_json(broken, "here"), Error);
}

TEST(Calibration, TellsWeightsApart) {
  Weights weights{{"a", make_tensor({2}, 1)}, {"b", make_tensor({1}, 0)}};
  const std::string first = identity_of(weights);
  EXPECT_EQ(first.size(), 16U);
  weights["b"].data[0] = -0.0F;
  EXPECT_NE(identity_of(weights), first);
}

}  // namespace
}  // namespace spinenet::engine
