#include "runtime/calibration.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::runtime {
namespace {

Calibrations two_calibrations() {
  engine::Calibration one{"0123456789abcdef", 3, {{"picture", {0, 1}}}, {"kept"}, 0.25};
  engine::Calibration other = one;
  other.weights = "fedcba9876543210";
  other.kept.clear();
  return {one, other};
}

// What reading this entry is refused with.
std::string refusal(const std::string& entry, size_t networks = 2) {
  formats::ModelFile model;
  model.extra[kCalibrationEntry] = entry;
  try {
    need_calibrations(model, networks, "m.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data) << entry;
    return error.what();
  }
  return "";
}

TEST(Calibrations, AreReadAsTheyWereKept) {
  const Calibrations both = two_calibrations();
  for (const size_t count : {size_t{1}, size_t{2}}) {
    formats::ModelFile model;
    set_calibrations(model, {both.begin(), both.begin() + static_cast<std::ptrdiff_t>(count)});
    const Calibrations found = need_calibrations(model, count, "m");
    ASSERT_EQ(found.size(), count);
    for (size_t n = 0; n < count; ++n) {
      EXPECT_EQ(found[n].weights, both[n].weights);
      EXPECT_EQ(found[n].images, both[n].images);
      EXPECT_EQ(found[n].kept, both[n].kept);
      EXPECT_EQ(found[n].error, both[n].error);
      EXPECT_EQ(found[n].ranges.at("picture").high, 1);
    }
  }
}

TEST(Calibrations, OfOneNetworkLieAsTheyDidBefore) {
  formats::ModelFile model;
  set_calibrations(model, {two_calibrations().front()});
  EXPECT_EQ(parse_json(model.extra.at(kCalibrationEntry), "")["weights"], "0123456789abcdef");
}

TEST(Calibrations, NoneIsNoFaultUntilOneIsNeeded) {
  EXPECT_FALSE(calibrations_of({}, "m").has_value());
  try {
    need_calibrations({}, 1, "m.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("spinenet calibrate"), std::string::npos);
  }
}

TEST(Calibrations, WhatMakesNoSenseIsRefusedWithItsPlace) {
  formats::ModelFile model;
  set_calibrations(model, two_calibrations());
  EXPECT_NE(refusal(model.extra.at(kCalibrationEntry), 3).find("for 2 networks, and the model has 3"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"networks": 3})").find("\"networks\" is not a list"), std::string::npos);
  EXPECT_NE(refusal(R"({"networks": [{}, {}]})").find("\"networks\"[0]"), std::string::npos);
  EXPECT_NE(refusal(R"({"networks": []})").find("for 0 networks"), std::string::npos);
  for (const char* broken : {"", "3", "[]", "{}", "{"})
    EXPECT_NE(refusal(broken).find("m.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::runtime
