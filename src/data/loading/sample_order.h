// Which image of the data set goes where: the order of every epoch, cut into batches and those into the slices of the
// processes that train together.
//
// Invariant: everything here is a pure function of the options and the step, so a run that is resumed in the middle of
// an epoch, or spread over another number of processes, sees the same images.
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace spinenet::data {

struct OrderOptions {
  int64_t samples = 0;  // in the data set
  int64_t batch = 1;    // over all processes
  uint64_t seed = 0;
  bool train = true;  // shuffled again each epoch, the last part of a batch left out; else in order, all of it
  int rank = 0, world = 1;
};

// ErrorKind::usage when the options do not go together: no sample, a training set smaller than a batch, a training
// batch that cannot be shared equally.
void check(const OrderOptions& options);

int64_t steps_per_epoch(const OrderOptions& options);

// A permutation of the data set's indices.
std::vector<int64_t> epoch_order(const OrderOptions& options, int64_t epoch);

// What an image of an epoch is augmented by.
Random sample_random(uint64_t seed, int64_t epoch, int64_t index);

// Places [begin, end) of the epoch's order that batch `step` (counted over all epochs) gives to this process.
struct Slice {
  int64_t begin = 0, end = 0;
};
Slice slice_of(const OrderOptions& options, int64_t step);

}  // namespace spinenet::data
