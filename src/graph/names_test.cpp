#include "graph/names.h"

#include <map>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::graph {
namespace {

TEST(Joined, IsOneNameAfterTheOther) {
  EXPECT_EQ(joined("", ""), "");
  EXPECT_EQ(joined("blocks.2", ".fuse"), "blocks.2.fuse");
  EXPECT_EQ(joined("resample.12.0", ".a_part_of_some_length", "7"), "resample.12.0.a_part_of_some_length7");
}

// Names of all lengths that differ in one place only, beside std::map.
TEST(NameIndex, FindsWhatWasAdded) {
  for (const size_t expected : {size_t{0}, size_t{100}, size_t{5000}}) {
    Random random(1);
    NameIndex index(expected);
    std::vector<std::string> names;
    std::map<std::string, int> numbers;
    for (int i = 0; i < 5000; ++i) {
      std::string name(static_cast<size_t>(random.below(40)), 'a');
      if (!name.empty()) name[static_cast<size_t>(random.below(static_cast<int64_t>(name.size())))] += i % 20;
      names.push_back(name);
      const auto [found, fresh] = numbers.emplace(name, i);
      const int number =
          index.find_or_add(name, i, [&](int n) -> std::string_view { return names[static_cast<size_t>(n)]; });
      ASSERT_EQ(number, fresh ? -1 : found->second) << name;
    }
    EXPECT_GT(numbers.size(), 500U);
  }
}

}  // namespace
}  // namespace spinenet::graph
