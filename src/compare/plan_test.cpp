#include "compare/plan.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::compare {
namespace {

struct ToyData {
  std::string root = "runs/toy";
  int loader_threads = 2;
};
struct ToyRecipe {
  std::string task = "detect";
  ToyData data;
  int image_size = 128, batch = 8, epochs = 4;
  double max_minutes = 0;
};
void fields(FieldList& list, ToyData& d) {
  list("root", d.root, "");
  list("loader_threads", d.loader_threads, "");
}
void fields(FieldList& list, ToyRecipe& r) {
  list("task", r.task, "");
  list.group("data", r.data, "");
  list("image_size", r.image_size, "");
  list("batch", r.batch, "");
  list("epochs", r.epochs, "");
  list("max_minutes", r.max_minutes, "");
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

std::string refusal(ToyRecipe a, ToyRecipe b) {
  const std::vector<NamedValues> recipes{{"a.yaml", shared_values(fields_of(a))},
                                         {"b.yaml", shared_values(fields_of(b))}};
  return message_of([&] { require_alike(recipes); });
}

TEST(ComparePlan, TakesANumberOfSeedsOrAList) {
  EXPECT_EQ(parse_seeds("3"), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(parse_seeds("4,0,7"), (std::vector<uint64_t>{4, 0, 7}));
  EXPECT_EQ(parse_seeds("5,"), (std::vector<uint64_t>{5}));
}

TEST(ComparePlan, RefusesOtherSeeds) {
  for (const char* text : {"", "0", "1001", "x", "1,x", "1,,2", "-1", "1,2,1", "2.5", ","}) {
    EXPECT_NE(message_of([&] { parse_seeds(text); }).find("--seeds"), std::string::npos) << text;
  }
  EXPECT_NE(message_of([] { parse_seeds("1,2,1"); }).find("1 is named twice"), std::string::npos);
}

TEST(ComparePlan, NamesContestantsByTheirFiles) {
  const std::vector<std::filesystem::path> paths{"recipes/a.yaml", "b.yaml"};
  EXPECT_EQ(contestant_names(paths), (std::vector<std::string>{"a", "b"}));
  const std::vector<std::filesystem::path> same{"x/a.yaml", "y/a.yaml"};
  const std::string message = message_of([&] { contestant_names(same); });
  EXPECT_NE(message.find("x/a.yaml and y/a.yaml have one name, a"), std::string::npos) << message;
}

TEST(ComparePlan, NamesWhatRecipesDifferIn) {
  const ToyRecipe recipe;
  const auto changed = [&](const std::function<void(ToyRecipe&)>& change) {
    ToyRecipe other = recipe;
    change(other);
    return refusal(recipe, other);
  };
  EXPECT_NE(changed([](ToyRecipe& r) { r.epochs = 9; }).find("epochs is 4 in a.yaml and 9 in b.yaml"),
            std::string::npos);
  EXPECT_NE(changed([](ToyRecipe& r) { r.data.root += "-2"; }).find("data.root is"), std::string::npos);
  EXPECT_NE(changed([](ToyRecipe& r) { r.image_size = 256; }).find("--set image_size=VALUE"), std::string::npos);
  EXPECT_NE(changed([](ToyRecipe& r) { r.task += "or"; }).find("task is"), std::string::npos);
  EXPECT_NE(changed([](ToyRecipe& r) { r.max_minutes = 5; }).find("max_minutes is"), std::string::npos);
}

TEST(ComparePlan, LetsOtherKeysDiffer) {
  ToyRecipe other;
  other.batch = 16;
  other.data.loader_threads = 8;
  EXPECT_EQ(refusal({}, other), "");
}

TEST(ComparePlan, TheBaselineIsNamedOrTheFirst) {
  const std::vector<std::string> names{"spine", "resnet", "nas"};
  EXPECT_EQ(baseline_of(names, ""), 0U);
  EXPECT_EQ(baseline_of(names, "nas"), 2U);
  try {
    baseline_of(names, "resnt");
    FAIL() << "no recipe has this name";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean \"resnet\""), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace spinenet::compare
