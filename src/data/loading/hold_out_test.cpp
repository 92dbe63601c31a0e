#include "data/loading/hold_out.h"

#include <set>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::data {
namespace {

detect::Annotations made(int64_t images) {
  detect::Annotations a;
  a.categories = {{7, "cell", ""}};
  for (int64_t i = 0; i < images; ++i) {
    a.images.push_back({.id = 3 * i + 1, .file_name = "x.png", .height = 8, .width = 8});
    for (int64_t k = 0; k < i % 3; ++k) {
      detect::Annotation one;
      one.id = 10 * i + k;
      one.image_id = 3 * i + 1;
      one.category_id = 7;
      a.annotations.push_back(one);
    }
  }
  return a;
}

std::set<int64_t> ids(const detect::Annotations& a) {
  std::set<int64_t> found;
  for (const detect::ImageInfo& image : a.images) found.insert(image.id);
  return found;
}

TEST(HoldOut, EveryImageWithItsAnnotationsIsInExactlyOnePart) {
  const detect::Annotations all = made(101);
  const auto [rest, held] = hold_out(all, 0.2);
  EXPECT_EQ(held.images.size(), 20U);
  EXPECT_EQ(rest.images.size(), 81U);
  EXPECT_EQ(rest.annotations.size() + held.annotations.size(), all.annotations.size());
  EXPECT_EQ(rest.categories.size(), 1U);
  EXPECT_EQ(held.categories.size(), 1U);
  for (const auto& [part, other] : {std::pair(&rest, &held), std::pair(&held, &rest)}) {
    for (const detect::Annotation& one : part->annotations) {
      EXPECT_TRUE(ids(*part).contains(one.image_id));
      EXPECT_FALSE(ids(*other).contains(one.image_id));
    }
  }
}

TEST(HoldOut, DependsOnIdsAndSeedAlone) {
  detect::Annotations all = made(60);
  const std::set<int64_t> held = ids(hold_out(all, 0.25).second);
  std::swap(all.images.front(), all.images.back());
  EXPECT_EQ(ids(hold_out(all, 0.25).second), held);
  EXPECT_NE(ids(hold_out(all, 0.25, 2).second), held);
}

TEST(HoldOut, AtLeastOneAndNeverAll) {
  EXPECT_EQ(hold_out(made(5), 0.001).second.images.size(), 1U);
  EXPECT_EQ(hold_out(made(5), 0.999).first.images.size(), 1U);
  try {
    hold_out(made(1), 0.5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("fewer than two images"), std::string::npos);
  }
}

}  // namespace
}  // namespace spinenet::data
