#include "base/short_list.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet {
namespace {

using List = ShortList<int, 4>;

// Beside a vector, through random edits over the border between few and many items.
TEST(ShortList, DoesWhatAVectorDoes) {
  Random random(1);
  List list;
  std::vector<int> vector;
  for (int i = 0; i < 20000; ++i) {
    const auto draw = random.below(20);
    if (draw == 0) {
      list.clear();
      vector.clear();
    } else if (draw < 9 && !vector.empty()) {
      list.pop_back();
      vector.pop_back();
    } else {
      list.push_back(i);
      vector.push_back(i);
    }
    if (draw == 10) {
      List copy = list, moved = std::move(list);
      ASSERT_EQ(copy, moved);
      list = copy;
      list = std::move(moved);
    }
    ASSERT_EQ(list.size(), vector.size());
    ASSERT_EQ(list.empty(), vector.empty());
    ASSERT_TRUE(std::equal(list.begin(), list.end(), vector.begin(), vector.end()));
    ASSERT_EQ(list, vector);
    ASSERT_EQ(list, List(vector));
    ASSERT_EQ(static_cast<std::vector<int>>(list), vector);
    if (vector.empty()) continue;
    ASSERT_EQ(list.front(), vector.front());
    ASSERT_EQ(list.back(), vector.back());
    const auto place = static_cast<size_t>(random.below(static_cast<int64_t>(vector.size())));
    list[place] = vector[place] = -i;
    ASSERT_NE(list, (List{1, 2, 3, 4, 5}));
  }
}

TEST(ShortList, AMovedListIsStillAList) {
  for (const List& list : {List{1, 2}, List{1, 2, 3, 4, 5, 6}}) {
    List from = list;
    const List to = std::move(from);
    EXPECT_EQ(to, list);
    from = {7};
    EXPECT_EQ(from, List{7});
  }
}

}  // namespace
}  // namespace spinenet
