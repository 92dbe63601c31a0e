#include "search/search_recipe.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"

namespace spinenet::search {
namespace {

std::string message_of(const std::string& text) {
  try {
    parse_search_recipe(text, "search.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SearchRecipe, ChangesTheBaseSpace) {
  const auto path = std::filesystem::path(testing::TempDir()) / "spinenet-search-recipe.yaml";
  fixture::put_file(path, "base_space: r0-sp53\nspace:\n  parent_window: 3\nproxy:\n  recipe: train.yaml\n");
  const SearchRecipe recipe = read_search_recipe(path, {"trials=7"});
  arch::SearchSpace expected = arch::named_search_space("r0-sp53");
  expected.parent_window = 3;
  EXPECT_EQ(recipe.space, expected);
  EXPECT_EQ(recipe.trials, 7);
  EXPECT_EQ(recipe.proxy.recipe, (path.parent_path() / "train.yaml").lexically_normal().string());
  EXPECT_EQ(read_search_recipe(path, {"base_space=fish"}).space.permute, false);
  std::filesystem::remove(path);
}

TEST(SearchRecipe, WhatIsNoRecipeByItsSizeIsNotReadIn) {
  const auto path = std::filesystem::path(testing::TempDir()) / "spinenet-large-search-recipe.yaml";
  fixture::put_file(path, "trials: 7\n");
  std::filesystem::resize_file(path, uintmax_t{6} << 30);
  try {
    read_search_recipe(path, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("holds more than 1048576 bytes"), std::string::npos) << error.what();
  }
  std::filesystem::remove(path);
}

TEST(SearchRecipe, KeptInTheProjectAreValid) {
  int found = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(SPINENET_SOURCE_DIR) / "recipes")) {
    if (!entry.path().filename().string().starts_with("search-")) continue;
    ++found;
    EXPECT_TRUE(std::filesystem::exists(read_search_recipe(entry.path(), {}).proxy.recipe)) << entry.path();
  }
  EXPECT_GE(found, 2);
}

TEST(SearchRecipe, DocumentedKeysAreTheKeysThereAre) {
  EXPECT_EQ(read_file(std::filesystem::path(SPINENET_SOURCE_DIR) / "docs" / "search-config.md"), search_recipe_keys())
      << "run: spinenet search --keys > docs/search-config.md";
}

TEST(SearchRecipe, SurvivesTheWayThroughAStudy) {
  SearchRecipe recipe;
  recipe.space = arch::named_search_space("hourglass");
  recipe.proxy.recipe = "train.yaml";
  recipe.proxy.settings = {"batch=4", "architecture.head_convs=1"};
  recipe.halving.epochs = {1, 3};
  recipe.price.target = 1.25e8;
  const SearchRecipe back = parse_search_recipe(to_yaml(recipe), "study");
  EXPECT_EQ(to_yaml(back), to_yaml(recipe));
  EXPECT_EQ(back.space, recipe.space);
}

TEST(SearchRecipe, RefusesWhatCannotWork) {
  const std::string first = message_of("proxy: {recipe: a.yaml}\nfirst: [[1, 2, 3]]\n");
  EXPECT_NE(first.find("search.yaml: first[0]: there are 3; this space has 70 decisions"), std::string::npos) << first;
  EXPECT_NE(message_of("trials: 3\n").find("proxy.recipe is missing"), std::string::npos);
  EXPECT_NE(message_of("proxy: {recipe: a.yaml, epochs: 3}\nhalving: {epochs: [2, 2]}\n").find("halving.epochs [2, 2]"),
            std::string::npos);
  EXPECT_NE(message_of("proxy: {recipe: a.yaml, epochs: 3}\nhalving: {epochs: [3]}\n").find("proxy.epochs 3"),
            std::string::npos);
  EXPECT_NE(message_of("algorithm: {kind: evolve}\n").find("evolution"), std::string::npos);
  EXPECT_NE(message_of("proxy: {recipe: a.yaml}\nspace: {parent_window: -1}\n"), "");
}

Trial at_rung(double score) {
  Trial trial;
  trial.state = TrialState::complete;
  trial.measurement.metrics["rung0"] = score;
  return trial;
}

TEST(PassesRung, KeepsTheBestShareOfEarlierTrials) {
  const HalvingRecipe halving{{1}, 0.5, 4};
  std::vector<Trial> earlier{at_rung(0.1), at_rung(0.2), at_rung(0.3)};
  EXPECT_TRUE(passes_rung(halving, 0, 0.0, earlier)) << "three are too few to judge";
  earlier.push_back(at_rung(0.4));
  EXPECT_FALSE(passes_rung(halving, 0, 0.25, earlier)) << "two of four are better";
  EXPECT_TRUE(passes_rung(halving, 0, 0.35, earlier)) << "one of four is better";
  EXPECT_TRUE(passes_rung(halving, 1, 0.0, earlier)) << "no trial has come to the second rung";
  Trial lost = at_rung(0.9);
  lost.state = TrialState::failed;
  earlier.insert(earlier.end(), 10, lost);
  EXPECT_TRUE(passes_rung(halving, 0, 0.35, earlier)) << "failed trials do not count";
}

}  // namespace
}  // namespace spinenet::search
