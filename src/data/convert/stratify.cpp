#include "data/convert/stratify.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace spinenet::data {
namespace {

constexpr size_t kUnassigned = static_cast<size_t>(-1);

// What each part still wants.
class PartDemand {
 public:
  PartDemand(std::span<const SplitUnit> units, std::span<const double> shares, uint64_t seed) : random_(seed) {
    int64_t images = 0;
    for (const SplitUnit& unit : units) {
      images += unit.images;
      for (const auto& [label, count] : unit.classes) {
        if (label >= left_.size()) left_.resize(label + 1);
        left_[label] += count;
      }
    }
    for (const double share : shares) {
      images_.push_back(share * static_cast<double>(images));
      std::vector<double> of_class;
      for (const int64_t count : left_) of_class.push_back(share * static_cast<double>(count));
      classes_.push_back(std::move(of_class));
    }
  }

  // The class with the fewest images left that has any; kUnassigned when there is none.
  size_t rarest() const {
    size_t best = kUnassigned;
    for (size_t label = 0; label < left_.size(); ++label) {
      if (left_[label] > 0 && (best == kUnassigned || left_[label] < left_[best])) best = label;
    }
    return best;
  }
  size_t classes() const { return left_.size(); }

  // The part that wants images of the class most (kUnassigned: images at all); among equal ones the part that wants
  // most images, then one by chance.
  size_t part_for(size_t label) {
    std::vector<size_t> best;
    const auto wants = [&](size_t part) {
      return std::pair(label == kUnassigned ? 0.0 : classes_[part][label], images_[part]);
    };
    for (size_t part = 0; part < images_.size(); ++part) {
      if (!best.empty() && wants(part) < wants(best.front())) continue;
      if (!best.empty() && wants(part) > wants(best.front())) best.clear();
      best.push_back(part);
    }
    return best.size() == 1 ? best.front()
                            : best[static_cast<size_t>(random_.below(static_cast<int64_t>(best.size())))];
  }

  void give(const SplitUnit& unit, size_t part) {
    images_[part] -= static_cast<double>(unit.images);
    for (const auto& [label, count] : unit.classes) {
      classes_[part][label] -= static_cast<double>(count);
      left_[label] -= count;
    }
  }

 private:
  Random random_;
  std::vector<int64_t> left_;
  std::vector<double> images_;
  std::vector<std::vector<double>> classes_;
};

// By chance, the units of most images first: they are the hardest to place.
std::vector<size_t> order_of(std::span<const SplitUnit> units, uint64_t seed) {
  std::vector<size_t> order(units.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Random(seed).fork(1).shuffle(std::span(order));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return units[a].images > units[b].images; });
  return order;
}

}  // namespace

std::vector<size_t> assign_parts(std::span<const SplitUnit> units, std::span<const double> shares,
                                 const StratifyOptions& options) {
  std::vector<size_t> parts(units.size(), kUnassigned);
  PartDemand demand(units, shares, options.seed);
  const std::vector<size_t> order = order_of(units, options.seed);
  const auto give = [&](size_t unit, size_t label) {
    parts[unit] = demand.part_for(label);
    demand.give(units[unit], parts[unit]);
  };
  if (options.by_class) {
    std::vector<std::vector<size_t>> having(demand.classes());
    for (const size_t unit : order) {
      for (const auto& [label, count] : units[unit].classes) having[label].push_back(unit);
    }
    for (size_t label = demand.rarest(); label != kUnassigned; label = demand.rarest()) {
      for (const size_t unit : having[label]) {
        if (parts[unit] == kUnassigned) give(unit, label);
      }
    }
  }
  for (const size_t unit : order) {
    if (parts[unit] == kUnassigned) give(unit, kUnassigned);
  }
  return parts;
}

}  // namespace spinenet::data
