#include "nn/threads.h"

#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

TEST(Threads, BlasHasItsOwnOnlyWhereThereAreFewerImages) {
  const int before = at::get_num_threads();
  struct Case {
    int threads = 1;
    int64_t images = 1;
    int blas = 1;
  };
  for (const Case& c : std::vector<Case>{{1, 1, 1}, {1, 16, 1}, {2, 2, 1}, {2, 16, 1}, {2, 1, 2}}) {
    set_threads(c.threads, c.images);
    EXPECT_EQ(at::get_num_threads(), c.threads);
    if (blas_threads() == 0) GTEST_SKIP() << "LibTorch has another BLAS library than OpenBLAS";
    EXPECT_EQ(blas_threads(), c.blas) << c.threads << " threads, " << c.images << " images";
  }
  set_threads(before, before);
}

}  // namespace
}  // namespace spinenet::nn
