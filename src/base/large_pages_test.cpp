#include "base/large_pages.h"

#include <string>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(LargePages, AdviceChangesNoContent) {
  prefer_large_pages(nullptr, 0);
  for (const size_t bytes : {size_t{1}, size_t{5000}, size_t{3} << 20, size_t{9} << 20}) {
    std::string text(bytes, 'x');
    prefer_large_pages(text.data(), text.size());
    EXPECT_EQ(text, std::string(bytes, 'x'));
  }
}

}  // namespace
}  // namespace spinenet
