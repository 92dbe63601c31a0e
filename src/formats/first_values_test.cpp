#include "formats/first_values.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::formats {
namespace {

ModelFile detector() {
  ModelFile model;
  for (const char* name : {"stem.conv.weight", "head.class.predict.weight", "head.box.predict.weight"}) {
    model.weights.emplace(name, make_tensor({1}));
  }
  return model;
}

TEST(FirstValues, AreAnEntryOfTheModel) {
  ModelFile model = detector();
  EXPECT_TRUE(first_values_of(model, "a").empty());
  const std::vector<std::string> names{"head.box.predict.weight", "stem.conv.weight"};
  set_first_values(model, names);
  EXPECT_EQ(first_values_of(model, "a"), names);
  set_first_values(model, {});
  EXPECT_TRUE(model.extra.empty());
}

TEST(FirstValues, AnEntryOfSomethingElseIsRefused) {
  for (const char* text : {"{}", "[1]", "[\"fc.weight\"]", "7"}) {
    ModelFile model = detector();
    model.extra["first_values"] = text;
    try {
      first_values_of(model, "a.safetensors");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_NE(std::string(error.what()).find("a.safetensors"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("\"first_values\""), std::string::npos) << error.what();
    }
  }
}

TEST(FirstValues, AHeadIsUntrainedWhereAllOfItIs) {
  ModelFile model = detector();
  EXPECT_FALSE(is_head_untrained(model, "a"));
  set_first_values(model, {"head.class.predict.weight"});
  EXPECT_FALSE(is_head_untrained(model, "a"));
  set_first_values(model, {"head.box.predict.weight", "head.class.predict.weight"});
  EXPECT_TRUE(is_head_untrained(model, "a"));
  model.weights.erase("head.class.predict.weight");
  model.weights.erase("head.box.predict.weight");
  set_first_values(model, {"stem.conv.weight"});
  EXPECT_FALSE(is_head_untrained(model, "a"));
}

}  // namespace
}  // namespace spinenet::formats
