#include "train/recipe.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "train/train.h"

namespace spinenet::train {
namespace {

class RecipeFile : public testing::Test {
 protected:
  Recipe read(const std::string& text, const std::vector<std::string>& settings = {}) {
    const auto path =
        std::filesystem::temp_directory_path() / ("spinenet-recipe-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream(path) << text;
    const auto remove = [&] { std::filesystem::remove(path); };
    try {
      Recipe recipe = read_recipe(path, settings);
      remove();
      return recipe;
    } catch (...) {
      remove();
      throw;
    }
  }
  std::string error_of(const std::string& text, const std::vector<std::string>& settings = {}) {
    try {
      read(text, settings);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(RecipeFile, SettingsGoOverTheFile) {
  const Recipe recipe = read("epochs: 7\noptimizer:\n  kind: adamw\n", {"epochs=9", "optimizer.learning_rate=0.5"});
  EXPECT_EQ(recipe.epochs, 9);
  EXPECT_EQ(recipe.optimizer.kind, OptimizerKind::adamw);
  EXPECT_EQ(recipe.optimizer.learning_rate, 0.5);
}

TEST_F(RecipeFile, UnknownKeysNameTheNearest) {
  EXPECT_NE(error_of("epoch: 7\n").find("epochs"), std::string::npos) << error_of("epoch: 7\n");
  const std::string nested = error_of("optimizer:\n  learnin_rate: 1\n");
  EXPECT_NE(nested.find("learning_rate"), std::string::npos) << nested;
  EXPECT_NE(nested.find("2"), std::string::npos) << "no line: " << nested;
  const std::string setting = error_of("", {"optimiser.kind=sgd"});
  EXPECT_NE(setting.find("optimizer"), std::string::npos) << setting;
}

TEST_F(RecipeFile, ValuesOutOfRangeAreRefused) {
  EXPECT_NE(error_of("batch: 0\n"), "no error");
  EXPECT_NE(error_of("optimizer:\n  momentum: 1.5\n"), "no error");
  EXPECT_NE(error_of("optimizer:\n  kind: sdg\n").find("sgd"), std::string::npos);
  EXPECT_NE(error_of("epochs: many\n"), "no error");
}

TEST_F(RecipeFile, WhatIsNoRecipeByItsSizeIsNotReadIn) {
  const auto path = std::filesystem::temp_directory_path() / ("spinenet-large-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << "epochs: 7\n";
  std::filesystem::resize_file(path, uintmax_t{6} << 30);
  std::string message = "no error";
  try {
    read_recipe(path, {});
  } catch (const Error& error) {
    message = error.what();
  }
  std::filesystem::remove(path);
  EXPECT_NE(message.find(".yaml: holds more than 1048576 bytes"), std::string::npos) << message;
}

TEST_F(RecipeFile, ImageSizesOffTheGridNameTheNextOne) {
  const std::string message = error_of("image_size: 300\n");
  EXPECT_NE(message.find("384"), std::string::npos) << message;
}

TEST_F(RecipeFile, TheResolvedTextReadsBackToTheSame) {
  const Recipe recipe = read("architecture:\n  filter_size_scale: 0.3\naugment:\n  scale_max: 1.7\n");
  EXPECT_EQ(to_yaml(read(to_yaml(recipe))), to_yaml(recipe));
  EXPECT_EQ(hash_of(read(to_yaml(recipe))), hash_of(recipe));
}

TEST(ResolveArchitecture, ChangesWhatTheRecipeNamesAndNothingElse) {
  ArchitectureRecipe recipe;
  apply_setting(recipe, "filter_size_scale=0.25");
  apply_setting(recipe, "head_filters=64");
  const arch::Architecture a = resolve_architecture(recipe);
  EXPECT_EQ(a.scaling.filter_size_scale, 0.25);
  EXPECT_EQ(a.head.filters, 64);
  EXPECT_EQ(a.scaling.endpoints_num_filters, 256);
  apply_setting(recipe, "resample_alpha=0.001");
  EXPECT_THROW(resolve_architecture(recipe), Error);
}

TEST(ResolveArchitecture, ChangesAnchorsOfBothHeads) {
  ArchitectureRecipe recipe;
  apply_setting(recipe, "anchor_scales=2");
  apply_setting(recipe, "aspect_ratios=[1, 0.3]");
  const arch::Architecture a = resolve_architecture(recipe);
  EXPECT_EQ(a.head.scales, 2);
  EXPECT_EQ(a.two_stage.scales, 2);
  EXPECT_EQ(a.head.aspect_ratios, (std::vector<double>{1, 0.3}));
  EXPECT_EQ(a.two_stage.aspect_ratios, a.head.aspect_ratios);
}

TEST(ResolveArchitecture, NullTakesAChangeBack) {
  ArchitectureRecipe recipe;
  apply_setting(recipe, "head_convs=1");
  apply_setting(recipe, "activation=swish");
  EXPECT_EQ(resolve_architecture(recipe).activation, arch::Activation::swish);
  apply_setting(recipe, "activation=null");
  EXPECT_EQ(resolve_architecture(recipe).activation, arch::Activation::relu);
  EXPECT_EQ(resolve_architecture(recipe).head.convs, 1);
  EXPECT_EQ(hash_of(recipe), hash_of([] {
              ArchitectureRecipe one;
              apply_setting(one, "head_convs=1");
              return one;
            }()));
}

TEST(ResolveArchitecture, ARefusedChangeLeavesTheRecipe) {
  ArchitectureRecipe recipe;
  EXPECT_THROW(apply_setting(recipe, "head_convs=-1"), Error);
  EXPECT_THROW(apply_setting(recipe, "activation=gelu"), Error);
  EXPECT_TRUE(recipe.changes.empty());
}

TEST(Recipes, DocumentedKeysAreTheKeysThereAre) {
  EXPECT_EQ(read_file(std::filesystem::path(SPINENET_SOURCE_DIR) / "docs" / "config.md"), recipe_keys())
      << "run: spinenet train --keys > docs/config.md";
}

TEST(Recipes, KeptInTheProjectAreValid) {
  int found = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(SPINENET_SOURCE_DIR) / "recipes")) {
    // Search recipes are read where they belong, in search.
    if (entry.path().extension() != ".yaml" || entry.path().filename().string().starts_with("search-")) continue;
    ++found;
    const Recipe recipe = read_recipe(entry.path(), {});
    EXPECT_NO_THROW(resolve_architecture(recipe.architecture)) << entry.path();
  }
  EXPECT_GE(found, 2);
}

}  // namespace
}  // namespace spinenet::train
