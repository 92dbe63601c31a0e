#include "compare/measured_at.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::compare {
namespace {

TEST(MeasuredAt, IsReadAndWritten) {
  EXPECT_EQ(parse_measured_at("best"), MeasuredAt{});
  EXPECT_EQ(parse_measured_at("last").kind, MeasuredAt::Kind::last);
  EXPECT_EQ(parse_measured_at("500"), (MeasuredAt{MeasuredAt::Kind::step, 500}));
  for (const char* text : {"best", "last"}) EXPECT_EQ(to_json(parse_measured_at(text)), text);
  EXPECT_EQ(to_json(parse_measured_at("500")), 500);
  EXPECT_EQ(text_of(parse_measured_at("500")), "step 500 of each run");
}

TEST(MeasuredAt, RefusesAllElse) {
  for (const char* text : {"", "0", "-5", "500 ", "5e2", "first", "Best", "99999999999999999999"}) {
    EXPECT_THROW(parse_measured_at(text), Error) << text;
  }
}

}  // namespace
}  // namespace spinenet::compare
