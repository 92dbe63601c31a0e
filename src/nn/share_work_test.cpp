#include "nn/share_work.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

TEST(ShareWork, EveryPieceIsDoneOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    for (const int64_t pieces : {0, 1, 2, 7, 100}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(pieces));
      for (int round = 0; round < 50; ++round) {
        share_work(pieces, threads, [&](int64_t i) { done[static_cast<size_t>(i)].fetch_add(1); });
      }
      for (const std::atomic<int>& count : done) EXPECT_EQ(count, 50);
    }
  }
}

TEST(ShareWork, WhatThePiecesThrowComesWhenAllAreDone) {
  std::atomic<int> done = 0;
  try {
    share_work(10, 2, [&](int64_t i) {
      ++done;
      if (i == 3 || i == 7) throw std::runtime_error(std::to_string(i));
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "3");
  }
  EXPECT_EQ(done, 10);
}

TEST(ShareWork, PiecesMayShareAndOtherThreadsMay) {
  std::atomic<int> done = 0;
  const auto twice = [&] {
    for (int round = 0; round < 100; ++round) {
      share_work(4, 2, [&](int64_t) { share_work(3, 2, [&](int64_t) { ++done; }); });
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) callers.emplace_back(twice);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 3 * 100 * 12);
}

}  // namespace
}  // namespace spinenet::nn
