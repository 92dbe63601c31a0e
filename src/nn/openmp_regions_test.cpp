#include "nn/openmp_regions.h"

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <omp.h>

namespace spinenet::nn {
namespace {

class OpenMPRegions : public testing::Test {
 protected:
  void SetUp() override {
    if (!shares_openmp_regions()) GTEST_SKIP() << "this LibTorch's regions are OpenMP's own";
  }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

TEST_F(OpenMPRegions, EveryPartHasItsNumberOnce) {
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    for (int round = 0; round < 100; ++round) {
      std::array<std::atomic<int>, 8> seen{};
      std::atomic<bool> right = true;
#pragma omp parallel
      {
        seen.at(static_cast<size_t>(omp_get_thread_num())).fetch_add(1);
        if (omp_get_num_threads() != threads || omp_in_parallel() != (threads > 1 ? 1 : 0)) right = false;
      }
      EXPECT_TRUE(right) << threads;
      for (int i = 0; i < 8; ++i) EXPECT_EQ(seen.at(static_cast<size_t>(i)), i < threads ? 1 : 0) << threads;
    }
    EXPECT_EQ(omp_get_num_threads(), 1);
    EXPECT_EQ(omp_get_thread_num(), 0);
    EXPECT_EQ(omp_in_parallel(), 0);
  }
}

TEST_F(OpenMPRegions, ARegionWithinARegionHasOnePart) {
  at::set_num_threads(3);
  std::atomic<int> inner = 0;
  std::atomic<bool> right = true;
#pragma omp parallel
  {
    const int outside = omp_get_thread_num();
#pragma omp parallel
    {
      if (omp_get_num_threads() != 1) right = false;
      ++inner;
    }
    if (omp_get_thread_num() != outside) right = false;
  }
  EXPECT_EQ(inner, 3);
  EXPECT_TRUE(right);
}

TEST_F(OpenMPRegions, LibTorchGivesTheSameBits) {
  const torch::Tensor x = at::randn({7, 33, 65}, at::TensorOptions().dtype(at::kFloat));
  const auto answer = [&](int threads) {
    at::set_num_threads(threads);
    return at::cumsum(at::softmax(at::upsample_nearest2d(x.unsqueeze(0), {66, 130}), 1), 3).sum({2, 3});
  };
  const torch::Tensor two = answer(2);
  for (int round = 0; round < 20; ++round) EXPECT_TRUE(at::equal(answer(2), two));
  EXPECT_TRUE(at::allclose(answer(1), two));
}

TEST_F(OpenMPRegions, WhatAPartThrowsReachesTheCaller) {
  at::set_num_threads(2);
  EXPECT_THROW(at::parallel_for(0, 100, 1,
                                [](int64_t begin, int64_t) {
                                  if (begin > 0) throw std::runtime_error("the second part");
                                }),
               std::runtime_error);
}

TEST_F(OpenMPRegions, SeveralThreadsMayBeInRegionsOfTheirOwn) {
  at::set_num_threads(2);
  const torch::Tensor x = at::randn({200000});
  const torch::Tensor expected = at::relu(x);
  std::atomic<bool> right = true;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        if (!at::equal(at::relu(x), expected)) right = false;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(right);
}

}  // namespace
}  // namespace spinenet::nn
