// Recipes gain keys, and studies of earlier programs go on.
#include "search/study/kept_description.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/json.h"
#include "search/study/study.h"

namespace spinenet::search {
namespace {

TEST(SameButForNewDefaults, AKeyThatTheStudyDoesNotKnowHasItsDefault) {
  const std::string kept = "seed: 1\naugment:\n  flip: 0.5\n";
  const std::string defaults = "seed: 7\naugment:\n  flip: 0.1\n  mosaic: 0\nmixing:\n  share: 0\n  ways: [1, 2]\n";
  const auto same = [&](const std::string& wanted) { return same_but_for_new_defaults(kept, wanted, defaults); };
  EXPECT_TRUE(same(kept));
  EXPECT_TRUE(same("seed: 1\naugment:\n  flip: 0.5\n  mosaic: 0\nmixing:\n  share: 0\n  ways: [1, 2]\n"));
  EXPECT_TRUE(same("augment:\n  mosaic: 0\n  flip: 0.5\nseed: 1\n")) << "in another order";
  EXPECT_FALSE(same("seed: 1\naugment:\n  flip: 0.5\n  mosaic: 0.3\n")) << "another value than the default";
  EXPECT_FALSE(same("seed: 1\naugment:\n  flip: 0.5\nmixing:\n  share: 0\n  ways: [1]\n"));
  EXPECT_FALSE(same("seed: 2\naugment:\n  flip: 0.5\n")) << "a key that the study knows";
  EXPECT_FALSE(same("seed: 7\naugment:\n  flip: 0.1\n")) << "its defaults are not the study's values";
  EXPECT_FALSE(same("augment:\n  flip: 0.5\n")) << "a key that is gone";
  EXPECT_FALSE(same("seed: 1\naugment: 0.5\n"));
  EXPECT_FALSE(same("seed: 1\naugment:\n  flip: 0.5\nunheard: 1\n")) << "a key without a default";
  EXPECT_FALSE(same("seed: [1"));
  EXPECT_FALSE(same(""));
}

class KeptDescription : public testing::Test {
 protected:
  void SetUp() override {
    task_.base = arch::named_architecture("spinenet-49");
    task_.image_size = 128;
    task_.recipe.space = arch::named_search_space("spinenet-49");
    kept_ = describe_study(task_, "seed: 1\n");
  }
  // Without a key of the search recipe and without one of the architecture, as a program wrote it that knew neither.
  StudyDescription of_an_earlier_program() const {
    StudyDescription earlier = kept_;
    Json json = parse_json(kept_.task, "task");
    std::string recipe = json["recipe"];
    const size_t line = recipe.find("\n  timeout_minutes:");
    EXPECT_NE(line, std::string::npos);
    recipe.erase(line, recipe.find('\n', line + 1) - line);
    json["recipe"] = recipe;
    EXPECT_EQ(json["architecture"].erase("padding"), 1U);
    earlier.task = to_text(json);
    return earlier;
  }

  SearchTask task_;
  StudyDescription kept_;
};

TEST_F(KeptDescription, GoesOnWhereOnlyNewKeysDiffer) {
  const StudyDescription earlier = of_an_earlier_program();
  const StudyDescription now = describe_study(task_, "seed: 1\nmosaic: 0\n");
  EXPECT_NE(earlier.task, now.task);
  EXPECT_EQ(as_kept(earlier, now, "seed: 3\nmosaic: 0\n"), earlier);
  EXPECT_EQ(as_kept(earlier, now, "seed: 3\nmosaic: 1\n"), now);
  EXPECT_EQ(as_kept(earlier, now, ""), now);
}

TEST_F(KeptDescription, WhatElseDiffersIsLeftForTheStoreToRefuse) {
  const std::string defaults = "seed: 3\n";
  SearchTask other = task_;
  other.image_size = 256;
  EXPECT_EQ(as_kept(kept_, describe_study(other, "seed: 1\n"), defaults), describe_study(other, "seed: 1\n"));
  other = task_;
  other.base.head.filters += 1;
  EXPECT_EQ(as_kept(kept_, describe_study(other, "seed: 1\n"), defaults), describe_study(other, "seed: 1\n"));
  other = task_;
  other.recipe.proxy.epochs += 1;
  EXPECT_EQ(as_kept(kept_, describe_study(other, "seed: 1\n"), defaults), describe_study(other, "seed: 1\n"));
  StudyDescription broken = kept_;
  broken.task = "{";
  EXPECT_EQ(as_kept(broken, kept_, defaults), kept_);
  StudyDescription another_seed = kept_;
  another_seed.seed += 1;
  EXPECT_EQ(as_kept(another_seed, kept_, defaults).seed, kept_.seed);
}

}  // namespace
}  // namespace spinenet::search
