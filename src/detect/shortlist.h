// The best few of many scored candidates, in memory of a few times that, however many pass the threshold.
//
// The order is total: score, then class, then index of the anchor. Thread contract: belongs to one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace spinenet::detect {

struct Candidate {
  float score;
  int label;
  int64_t anchor;  // index over all levels

  bool operator<(const Candidate& other) const {
    return std::tuple(-score, label, anchor) < std::tuple(-other.score, other.label, other.anchor);
  }
};

class Shortlist {
 public:
  explicit Shortlist(size_t limit) : limit_(limit) {}

  void add(const Candidate& candidate) {
    items_.push_back(candidate);
    if (items_.size() >= 4 * limit_ + 1024) cut();
  }
  // No candidate of a lower score can come in any more.
  float least_score() const { return least_; }
  std::vector<Candidate> take() {
    cut();
    std::sort(items_.begin(), items_.end());
    return std::move(items_);
  }

 private:
  void cut() {
    if (items_.size() <= limit_) return;
    std::nth_element(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(limit_), items_.end());
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(limit_), items_.end());
    least_ = 1;
    for (const Candidate& item : items_) least_ = std::min(least_, item.score);
  }

  size_t limit_;
  float least_ = 0;
  std::vector<Candidate> items_;
};

}  // namespace spinenet::detect
