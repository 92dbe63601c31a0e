#include "data/loading/mask_store.h"

#include <gtest/gtest.h>

namespace spinenet::data {
namespace {

TEST(MaskStore, GivesBackWhatWasAdded) {
  std::vector<detect::Segmentation> items(5);
  items[0].polygons = {{1, 2, 3.5, 4, 5, 6.25}};
  items[2].rle = {4, 5, {3, 10, 7}};
  items[3].polygons = {{0, 0, 9, 0, 9, 9, 0, 9}, {1, 1, 2, 1, 2, 2}};
  items[4].rle = {2, 2, {4}};
  MaskStore store;
  for (const detect::Segmentation& item : items) store.add(item);
  ASSERT_EQ(store.size(), 5);
  for (int64_t i = 4; i >= 0; --i) {
    const detect::Segmentation found = store.get(i);
    EXPECT_EQ(found.polygons, items[static_cast<size_t>(i)].polygons) << i;
    EXPECT_EQ(found.rle, items[static_cast<size_t>(i)].rle) << i;
  }
  EXPECT_GE(store.heap_bytes(), 20 * 4 + 4 * 4);
}

}  // namespace
}  // namespace spinenet::data
