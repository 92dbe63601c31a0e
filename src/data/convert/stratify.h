// Which part each unit (an image, or a group of images that stay together) goes to, so that every part has its share of
// the images and, if asked for, of the images of each class.
//
// Thread contract: pure function; the same seed gives the same parts.
// Source: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data" (ECML PKDD 2011), with units that
// weigh more than one image.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace spinenet::data {

struct SplitUnit {
  int64_t images = 1;
  std::vector<std::pair<size_t, int64_t>> classes;  // a class and the number of the unit's images that have it
};

struct StratifyOptions {
  bool by_class = false;
  uint64_t seed = 1;
};

// A position in `shares` for each unit; the shares are positive and sum to 1.
std::vector<size_t> assign_parts(std::span<const SplitUnit> units, std::span<const double> shares,
                                 const StratifyOptions& options);

}  // namespace spinenet::data
