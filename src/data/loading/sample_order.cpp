#include "data/loading/sample_order.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"

namespace spinenet::data {

void check(const OrderOptions& o) {
  const auto want = [](bool holds, const std::string& what, std::string_view remedy) {
    if (!holds) fail(ErrorKind::usage, what, "loader", remedy);
  };
  want(o.batch >= 1, fmt::format("a batch of {} images", o.batch), "choose 1 or more");
  want(o.world >= 1 && o.rank >= 0 && o.rank < o.world, fmt::format("rank {} of {}", o.rank, o.world),
       "ranks count from 0 to world - 1");
  want(o.samples >= 1, "the data set has no images", "give one that has");
  if (!o.train) return;
  want(o.samples >= o.batch, fmt::format("{} images do not fill a batch of {}", o.samples, o.batch),
       "choose a smaller batch or add images");
  want(o.batch % o.world == 0, fmt::format("a batch of {} cannot be shared equally by {} processes", o.batch, o.world),
       "choose a multiple");
}

int64_t steps_per_epoch(const OrderOptions& o) {
  return o.train ? o.samples / o.batch : (o.samples + o.batch - 1) / o.batch;
}

std::vector<int64_t> epoch_order(const OrderOptions& o, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(o.samples));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (o.train)
    Random(o.seed).fork(Random::hash("epoch order")).fork(static_cast<uint64_t>(epoch)).shuffle(std::span(order));
  return order;
}

Random sample_random(uint64_t seed, int64_t epoch, int64_t index) {
  return Random(seed)
      .fork(Random::hash("augment"))
      .fork(static_cast<uint64_t>(epoch))
      .fork(static_cast<uint64_t>(index));
}

Slice slice_of(const OrderOptions& o, int64_t step) {
  const int64_t first = step % steps_per_epoch(o) * o.batch;
  const int64_t count = std::min(o.batch, o.samples - first);
  return {first + count * o.rank / o.world, first + count * (o.rank + 1) / o.world};
}

}  // namespace spinenet::data
