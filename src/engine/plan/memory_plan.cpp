#include "engine/plan/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace spinenet::engine {
namespace {

bool meet(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

// `taken`: buffers that are alive together with the one of `size`, in the order of their offsets.
int64_t best_offset(std::span<const size_t> taken, std::span<const Lifetime> buffers,
                    const std::vector<int64_t>& offsets, int64_t size) {
  int64_t best = -1, best_gap = std::numeric_limits<int64_t>::max(), end = 0;
  for (const size_t other : taken) {
    const int64_t gap = offsets[other] - end;
    if (gap >= size && gap < best_gap) {
      best = end;
      best_gap = gap;
    }
    end = std::max(end, offsets[other] + buffers[other].size);
  }
  return best >= 0 ? best : end;
}

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers[a].size > buffers[b].size; });
  MemoryPlan plan{std::vector<int64_t>(buffers.size(), 0), 0};
  std::vector<size_t> placed;
  for (const size_t i : order) {
    std::vector<size_t> taken;
    for (const size_t other : placed) {
      if (meet(buffers[i], buffers[other])) taken.push_back(other);
    }
    std::sort(taken.begin(), taken.end(), [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; });
    plan.offsets[i] = best_offset(taken, buffers, plan.offsets, buffers[i].size);
    plan.size = std::max(plan.size, plan.offsets[i] + buffers[i].size);
    placed.push_back(i);
  }
  return plan;
}

int64_t least_memory(std::span<const Lifetime> buffers) {
  int64_t most = 0;
  for (const Lifetime& at : buffers) {
    int64_t sum = 0;
    for (const Lifetime& other : buffers) {
      if (other.first <= at.first && at.first <= other.last) sum += other.size;
    }
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace spinenet::engine
