#include "base/heap.h"

#include <memory>

#include <gtest/gtest.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/sanitizer_fixture.h"

namespace spinenet {
namespace {

#ifdef __GLIBC__
TEST(Heap, FreedMemoryStaysWithTheProcess) {
  if (fixture::kHasAddressSanitizer || fixture::kHasThreadSanitizer) {
    GTEST_SKIP() << "the sanitizer has a heap of its own";
  }
  keep_freed_memory();
  keep_freed_memory();
  constexpr size_t kBytes = size_t{256} << 20;
  const size_t maps = mallinfo2().hblks;
  {
    const auto block = std::make_unique<char[]>(kBytes);
    const volatile char* used = block.get();  // so that no compiler leaves the block out
    EXPECT_EQ(used[kBytes - 1], 0);
    EXPECT_EQ(mallinfo2().hblks, maps) << "no map of its own";
  }
  EXPECT_GE(mallinfo2().fordblks, kBytes) << "free, and not given back";
}
#endif

}  // namespace
}  // namespace spinenet
