// Random numbers that are the same on every machine: a counter-based generator (SplitMix64 output over a Weyl sequence,
// Steele et al., OOPSLA 2014) whose whole state is two words, so it can be stored, forked per item and restored
// exactly.
//
// Thread contract: a Random belongs to one thread; fork() makes independent ones.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace spinenet {

class Random {
 public:
  explicit Random(uint64_t seed) : key_(mix(seed + 0x9e3779b97f4a7c15)) {}

  uint64_t next();
  // In [0, 1), 53 random bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In [0, n), unbiased; n > 0.
  int64_t below(int64_t n);
  bool chance(double probability) { return uniform() < probability; }
  // Standard normal by Box and Muller; uses two draws.
  double normal();
  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[static_cast<size_t>(below(static_cast<int64_t>(i)))]);
  }
  // An independent generator for item `index` (an image of an epoch, a trial, a parameter).
  Random fork(uint64_t index) const { return Random(mix(key_ ^ mix(index + 0x632be59bd9b4e019))); }

  static uint64_t mix(uint64_t x);
  // A stable hash of a name, for fork().
  static uint64_t hash(std::string_view name);

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace spinenet
