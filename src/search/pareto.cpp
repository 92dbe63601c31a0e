#include "search/pareto.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

// A trial's objectives, all to be minimised: the negated score, then the metrics.
struct Point {
  size_t position = 0;
  std::vector<double> values;
};

std::optional<Point> point_of(std::span<const Trial> trials, size_t position, std::span<const std::string> minimised) {
  const Trial& trial = trials[position];
  if (trial.state != TrialState::complete) return std::nullopt;
  Point point{position, {-trial.measurement.score}};
  for (const std::string& metric : minimised) {
    const std::optional<double> value = metric_of(trial.measurement, metric);
    if (!value) return std::nullopt;
    point.values.push_back(*value);
  }
  if (!std::ranges::all_of(point.values, [](double value) { return std::isfinite(value); })) return std::nullopt;
  return point;
}

bool no_worse(const Point& a, const Point& b) {
  return std::ranges::equal(a.values, b.values, std::less_equal<>());
}

}  // namespace

// In lexicographic order nothing is dominated by what follows, so one pass against the front so far is enough.
std::vector<size_t> pareto_front(std::span<const Trial> trials, std::span<const std::string> minimised) {
  std::vector<Point> points;
  for (size_t i = 0; i < trials.size(); ++i) {
    if (auto point = point_of(trials, i, minimised)) points.push_back(std::move(*point));
  }
  std::ranges::stable_sort(points, {}, &Point::values);
  std::vector<Point> front;
  for (Point& point : points) {
    const auto covers = [&point](const Point& other) { return no_worse(other, point); };
    if (std::ranges::none_of(front, covers)) front.push_back(std::move(point));
  }
  std::vector<size_t> positions;
  for (const Point& point : front) positions.push_back(point.position);
  return positions;
}

double priced_score(const Measurement& measurement, std::span<const CostTarget> targets) {
  double factor = 1;
  for (const CostTarget& target : targets) {
    const std::optional<double> cost = metric_of(measurement, target.metric);
    if (!cost) {
      fail(ErrorKind::bad_data, fmt::format("has no metric \"{}\", which has a target", target.metric), "a measurement",
           "measure it, or take its target away");
    }
    const double ratio = *cost / target.target;
    if (!(ratio > 0) || !std::isfinite(ratio)) {
      fail(ErrorKind::bad_data,
           fmt::format("{} is {} with a target of {}; both have to be above 0", target.metric, *cost, target.target),
           "a measurement");
    }
    if (target.soft || ratio > 1) factor *= std::pow(ratio, target.exponent);
  }
  return measurement.score > 0 ? measurement.score * factor : measurement.score;
}

}  // namespace spinenet::search
