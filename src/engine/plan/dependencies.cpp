#include "engine/plan/dependencies.h"

#include <algorithm>

namespace spinenet::engine {
namespace {

bool meet(std::span<const Stretch> some, std::span<const Stretch> others) {
  return std::ranges::any_of(some, [&](const Stretch& a) {
    return std::ranges::any_of(others, [&](const Stretch& b) { return a.first < b.end && b.first < a.end; });
  });
}

// Whether the order of the two matters.
bool conflict(const StepAccess& a, const StepAccess& b) {
  return meet(a.writes, b.reads) || meet(a.writes, b.writes) || meet(a.reads, b.writes);
}

}  // namespace

std::vector<std::vector<int>> dependencies_of(std::span<const StepAccess> steps) {
  std::vector<std::vector<int>> found(steps.size());
  std::vector<std::vector<bool>> before(steps.size());  // directly or not
  for (size_t s = 0; s < steps.size(); ++s) {
    before[s].resize(s, false);
    for (size_t t = s; t-- > 0;) {
      if (before[s][t] || !conflict(steps[t], steps[s])) continue;
      found[s].push_back(static_cast<int>(t));
      before[s][t] = true;
      for (size_t u = 0; u < t; ++u) before[s][u] = before[s][u] || before[t][u];
    }
  }
  return found;
}

}  // namespace spinenet::engine
