#include "eval/top_k.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::eval {
namespace {

constexpr int kFirstGuesses = 5;
constexpr double kLeastScore = 1e-12;  // in the logarithm

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : -1;
}

// How many classes come before `label`.
int rank_of(std::span<const float> scores, int label) {
  const float own = scores[static_cast<size_t>(label)];
  int before = 0;
  for (int k = 0; k < static_cast<int>(scores.size()); ++k) {
    const float other = scores[static_cast<size_t>(k)];
    if (other > own || (other == own && k < label)) ++before;
  }
  return before;
}

void check(const Classified& image, size_t classes) {
  const bool fits = image.scores.size() == classes && image.label >= 0 && static_cast<size_t>(image.label) < classes;
  if (!fits) {
    fail(ErrorKind::failed,
         fmt::format("{} scores and label {} where there are {} classes", image.scores.size(), image.label, classes),
         "top-k");
  }
  if (std::ranges::any_of(image.scores, [](float score) { return !std::isfinite(score); })) {
    fail(ErrorKind::failed, "a score is not a number", "top-k", "the network's weights or its input are not sound");
  }
}

class Tally {
 public:
  explicit Tally(std::span<const detect::Category> classes)
      : classes_(classes), first_(classes.size()), five_(classes.size()), count_(classes.size()) {
    metrics_.confusion.resize(classes.size() * classes.size());
    metrics_.calibration.resize(kCalibrationBins);
    score_sum_.resize(kCalibrationBins);
    right_.resize(kCalibrationBins);
  }

  void add(const Classified& image) {
    const auto label = static_cast<size_t>(image.label);
    const auto best = static_cast<size_t>(std::ranges::max_element(image.scores) - image.scores.begin());
    const int rank = rank_of(image.scores, image.label);
    ++count_[label];
    if (rank == 0) ++first_[label];
    if (rank < kFirstGuesses) ++five_[label];
    ++metrics_.confusion[label * classes_.size() + best];
    log_sum_ -= std::log(std::max(static_cast<double>(image.scores[label]), kLeastScore));
    add_to_bin(image.scores[best], best == label);
  }

  TopKMetrics finish() {
    metrics_.images = std::accumulate(count_.begin(), count_.end(), int64_t{0});
    metrics_.top1 = share(std::accumulate(first_.begin(), first_.end(), int64_t{0}), metrics_.images);
    metrics_.top5 = share(std::accumulate(five_.begin(), five_.end(), int64_t{0}), metrics_.images);
    if (metrics_.images > 0) metrics_.log_loss = log_sum_ / static_cast<double>(metrics_.images);
    finish_classes();
    finish_groups();
    finish_calibration();
    return std::move(metrics_);
  }

 private:
  void add_to_bin(float score, bool right) {
    const int bin = static_cast<int>(std::ceil(static_cast<double>(score) * kCalibrationBins)) - 1;
    const auto at = static_cast<size_t>(std::clamp(bin, 0, kCalibrationBins - 1));
    ++metrics_.calibration[at].images;
    score_sum_[at] += score;
    if (right) ++right_[at];
  }

  int64_t taken_for(size_t found) const {
    int64_t sum = 0;
    for (size_t truth = 0; truth < classes_.size(); ++truth) sum += metrics_.confusion[truth * classes_.size() + found];
    return sum;
  }

  void finish_classes() {
    double sum = 0;
    int64_t with_images = 0;
    for (size_t k = 0; k < classes_.size(); ++k) {
      const double top1 = share(first_[k], count_[k]);
      metrics_.per_class.push_back({classes_[k].id, classes_[k].name, count_[k], top1, share(five_[k], count_[k]),
                                    share(first_[k], taken_for(k))});
      if (count_[k] == 0) continue;
      sum += top1;
      ++with_images;
    }
    if (with_images > 0) metrics_.mean_class_top1 = sum / static_cast<double>(with_images);
  }

  void finish_groups() {
    const auto ungrouped = [](const detect::Category& category) { return category.supercategory.empty(); };
    if (std::ranges::any_of(classes_, ungrouped)) return;
    std::map<std::string, size_t> known;
    std::vector<size_t> group_of;
    for (const detect::Category& category : classes_) {
      const auto [at, is_new] = known.emplace(category.supercategory, metrics_.per_group.size());
      if (is_new) metrics_.per_group.push_back({category.supercategory, 0, -1, -1});
      group_of.push_back(at->second);
    }
    std::vector<int64_t> right(metrics_.per_group.size());
    std::vector<int64_t> in_group(metrics_.per_group.size());
    for (size_t truth = 0; truth < classes_.size(); ++truth) {
      const size_t group = group_of[truth];
      metrics_.per_group[group].images += count_[truth];
      right[group] += first_[truth];
      for (size_t found = 0; found < classes_.size(); ++found) {
        if (group_of[found] == group) in_group[group] += metrics_.confusion[truth * classes_.size() + found];
      }
    }
    for (size_t g = 0; g < right.size(); ++g) {
      GroupAccuracy& group = metrics_.per_group[g];
      group.top1 = share(right[g], group.images);
      group.group_top1 = share(in_group[g], group.images);
    }
    metrics_.group_top1 = share(std::accumulate(in_group.begin(), in_group.end(), int64_t{0}), metrics_.images);
  }

  void finish_calibration() {
    double error = 0;
    for (size_t b = 0; b < metrics_.calibration.size(); ++b) {
      CalibrationBin& bin = metrics_.calibration[b];
      bin.low = static_cast<double>(b) / kCalibrationBins;
      bin.high = static_cast<double>(b + 1) / kCalibrationBins;
      if (bin.images == 0) continue;
      bin.score = score_sum_[b] / static_cast<double>(bin.images);
      bin.accuracy = share(right_[b], bin.images);
      error += static_cast<double>(bin.images) * std::abs(bin.score - bin.accuracy);
    }
    if (metrics_.images > 0) metrics_.calibration_error = error / static_cast<double>(metrics_.images);
  }

  std::span<const detect::Category> classes_;
  std::vector<int64_t> first_, five_, count_;  // by class
  std::vector<double> score_sum_;              // by bin
  std::vector<int64_t> right_;
  double log_sum_ = 0;
  TopKMetrics metrics_;
};

}  // namespace

std::vector<std::pair<std::string, double>> named_numbers(const TopKMetrics& metrics) {
  std::vector<std::pair<std::string, double>> numbers{{"top1", metrics.top1},
                                                      {"top5", metrics.top5},
                                                      {"ece", metrics.calibration_error},
                                                      {"log_loss", metrics.log_loss},
                                                      {"mean_class_top1", metrics.mean_class_top1}};
  if (!metrics.per_group.empty()) numbers.emplace_back("group_top1", metrics.group_top1);
  return numbers;
}

std::vector<int> best_classes(std::span<const float> scores, int count) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min(static_cast<std::ptrdiff_t>(count), std::ssize(order));
  std::partial_sort(order.begin(), end, order.end(), [&](int a, int b) {
    const float left = scores[static_cast<size_t>(a)];
    const float right = scores[static_cast<size_t>(b)];
    return left != right ? left > right : a < b;
  });
  order.erase(end, order.end());
  return order;
}

TopKMetrics evaluate_top_k(std::span<const Classified> images, std::span<const detect::Category> classes) {
  Tally tally(classes);
  for (const Classified& image : images) {
    check(image, classes.size());
    tally.add(image);
  }
  return tally.finish();
}

}  // namespace spinenet::eval
