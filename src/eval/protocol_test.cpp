// Protocols other than COCO's own: what they have in common with it must be the same numbers.
#include "eval/protocol.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "eval/coco_ap.h"
#include "eval/recorded_cell.h"

namespace spinenet::eval {
namespace {

struct CrowdedSet {
  detect::Annotations annotations;
  std::vector<detect::Result> results;
};

CrowdedSet random_crowded_set(uint64_t seed) {
  Random rng(seed);
  CrowdedSet set;
  for (int64_t c = 1; c <= 3; ++c) set.annotations.categories.push_back({c, std::to_string(c), ""});
  for (int64_t i = 1; i <= 8; ++i) {
    set.annotations.images.push_back({i, "", 200, 200});
    for (int64_t n = rng.below(6); n > 0; --n) {
      detect::Annotation truth;
      truth.id = static_cast<int64_t>(set.annotations.annotations.size()) + 1;
      truth.image_id = i;
      truth.category_id = rng.below(3) + 1;
      truth.bbox = {rng.uniform(0, 60), rng.uniform(0, 60), rng.uniform(5, 140), rng.uniform(5, 140)};
      truth.area = truth.bbox[2] * truth.bbox[3];
      truth.crowd = rng.chance(0.2);
      set.annotations.annotations.push_back(truth);
      for (int64_t d = rng.below(4); d > 0; --d) {
        detect::Result result;
        result.image_id = i;
        result.category_id = truth.category_id;
        result.bbox = truth.bbox;
        for (double& value : result.bbox) value += rng.uniform(-4, 4);
        result.score = static_cast<double>(rng.below(10)) / 10;
        set.results.push_back(result);
      }
    }
  }
  return set;
}

CocoArrays arrays_of(const CrowdedSet& set, const CocoProtocol& protocol) {
  const CellIndex index = index_cells(set.annotations, set.results, true);
  return measure(index, {&set.annotations, set.results, IouType::bbox, true, 2}, protocol);
}

TEST(Protocol, MoreThresholdsAndAreasThanAPassLeaveTheOthersAsTheyAre) {
  const CrowdedSet set = random_crowded_set(1);
  const CocoProtocol standard = standard_protocol();
  CocoProtocol wide = standard;
  for (int i = 0; i < 40; ++i) wide.iou_thresholds.push_back(0.01 * i);
  for (const double side : {10.0, 20.0, 30.0}) wide.area_ranges.emplace_back(0, side * side);
  const CocoArrays few = arrays_of(set, standard);
  const CocoArrays many = arrays_of(set, wide);
  ASSERT_EQ(many.t, 50);
  ASSERT_EQ(many.a, 7);
  for (int64_t t = 0; t < few.t; ++t) {
    for (int64_t k = 0; k < few.k; ++k) {
      for (int64_t a = 0; a < few.a; ++a) {
        for (int64_t m = 0; m < few.m; ++m) {
          ASSERT_EQ(few.recall[few.recall_at(t, k, a, m)], many.recall[many.recall_at(t, k, a, m)]);
          for (int64_t r = 0; r < few.r; ++r) {
            ASSERT_EQ(few.precision[few.precision_at(t, r, k, a, m)], many.precision[many.precision_at(t, r, k, a, m)]);
            ASSERT_EQ(few.scores[few.precision_at(t, r, k, a, m)], many.scores[many.precision_at(t, r, k, a, m)]);
          }
        }
      }
    }
  }
}

TEST(Protocol, ASelectionIsWhatItsPartAloneGives) {
  const CrowdedSet set = random_crowded_set(2);
  CrowdedSet part = set;
  const auto others = [](const auto& item) { return item.image_id % 2 == 0 || item.category_id == 2; };
  std::erase_if(part.annotations.annotations, others);
  std::erase_if(part.results, others);
  std::erase_if(part.annotations.categories, [](const detect::Category& one) { return one.id == 2; });
  const CellSelection odd{{1, 3, 5, 7, 99}, {1, 3}, true};
  const CellIndex index = index_cells(set.annotations, set.results, odd);
  const CocoArrays selected =
      measure(index, {&set.annotations, set.results, IouType::bbox, true, 1}, standard_protocol());
  const CocoArrays alone = arrays_of(part, standard_protocol());
  EXPECT_EQ(selected.precision, alone.precision);
  EXPECT_EQ(selected.recall, alone.recall);
  EXPECT_EQ(selected.scores, alone.scores);
}

TEST(Protocol, RecordedMatchesAreThoseThatCount) {
  const CrowdedSet set = random_crowded_set(3);
  const CocoProtocol protocol = standard_protocol();
  const CellIndex index = index_cells(set.annotations, set.results, true);
  MatchTask task;
  task.question = {&set.annotations, set.results, &index, IouType::bbox, 0.5};
  task.thresholds = protocol.iou_thresholds;
  task.areas = protocol.area_ranges;
  size_t compared = 0;
  MatchSpace space;
  for (const Cell& cell : index.cells) {
    std::vector<MatchedResult> matched(cell.result_count());
    ASSERT_EQ(match_cell(task, cell, space, matched), cell.result_count());
    for (size_t a = 0; a < task.areas.size(); ++a) {
      const RecordedCell record = record_cell(task, task.areas[a], cell);
      ASSERT_EQ(record.results.size(), matched.size());
      for (size_t t = 0; t < task.thresholds.size(); ++t) {
        for (size_t d = 0; d < matched.size(); ++d) {
          const size_t at = t * matched.size() + d;
          EXPECT_EQ(record.result_match[at] != kNoMatch, (matched[d].bits.matched[a] >> t & 1) != 0);
          EXPECT_EQ(record.result_ignored[at] != 0, (matched[d].bits.ignored[a] >> t & 1) != 0);
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 100U);
}

TEST(Protocol, RefusesWhatCannotBeMeasured) {
  const auto refused = [](auto change) {
    CocoProtocol protocol = standard_protocol();
    change(protocol);
    EXPECT_THROW(check_protocol(protocol), Error);
  };
  check_protocol(standard_protocol());
  refused([](CocoProtocol& p) { p.iou_thresholds.clear(); });
  refused([](CocoProtocol& p) { p.iou_thresholds[3] = -0.1; });
  refused([](CocoProtocol& p) { p.iou_thresholds[3] = std::numeric_limits<double>::quiet_NaN(); });
  refused([](CocoProtocol& p) { std::swap(p.recall_thresholds[3], p.recall_thresholds[4]); });
  refused([](CocoProtocol& p) { p.area_ranges.clear(); });
  refused([](CocoProtocol& p) { p.max_detections = {10, 1}; });
  refused([](CocoProtocol& p) { p.max_detections = {0, 1}; });
}

}  // namespace
}  // namespace spinenet::eval
