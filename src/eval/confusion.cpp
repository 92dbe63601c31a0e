#include "eval/confusion.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"

namespace spinenet::eval {
namespace {

// All that one image's counting needs to see.
struct Scene {
  OverlapQuestion question;
  double score_threshold = 0;
  std::vector<int64_t> category_ids;

  size_t place(int64_t category_id) const {
    const auto at = std::lower_bound(category_ids.begin(), category_ids.end(), category_id);
    return static_cast<size_t>(at - category_ids.begin());
  }
  const detect::Annotation& truth(const Cell& cell, uint32_t i) const {
    return question.annotations->annotations[question.index->truths[cell.truth_begin + i]];
  }
};

constexpr uint32_t kNothing = ~uint32_t{0};

// The truth a result takes, kNothing when none is free; `in_crowd` is set when a crowd region would hold it.
uint32_t choose(const Scene& scene, const Cell& cell, std::span<const Overlap> overlaps, int64_t category_id,
                const std::vector<bool>& taken, bool& in_crowd) {
  const Overlap* best = nullptr;
  for (const Overlap& overlap : overlaps) {
    const detect::Annotation& truth = scene.truth(cell, overlap.truth);
    if (truth.crowd) {
      in_crowd = true;
      continue;
    }
    if (taken[overlap.truth]) continue;
    const bool own_class_tie = best != nullptr && overlap.iou == best->iou && truth.category_id == category_id &&
                               scene.truth(cell, best->truth).category_id != category_id;
    if (best == nullptr || overlap.iou > best->iou || own_class_tie) best = &overlap;
  }
  return best == nullptr ? kNothing : best->truth;
}

void count_image(const Scene& scene, const Cell& cell, std::vector<int64_t>& counts) {
  const size_t background = scene.category_ids.size();
  const size_t side = background + 1;
  const std::span<const detect::Result> results = scene.question.results;
  std::vector<uint32_t> kept;
  by_score(*scene.question.index, cell, results, cell.result_count(), kept);
  const auto low = std::find_if(kept.begin(), kept.end(),
                                [&](uint32_t at) { return !(results[at].score >= scene.score_threshold); });
  kept.erase(low, kept.end());
  CellOverlaps overlaps;
  find_overlaps(scene.question, cell, kept, overlaps);
  std::vector<bool> taken(cell.truth_count(), false);
  for (size_t d = 0; d < kept.size(); ++d) {
    const int64_t category_id = results[kept[d]].category_id;
    bool in_crowd = false;
    const uint32_t truth = choose(scene, cell, overlaps.of(d), category_id, taken, in_crowd);
    if (truth != kNothing) {
      taken[truth] = true;
      ++counts[scene.place(scene.truth(cell, truth).category_id) * side + scene.place(category_id)];
    } else if (!in_crowd) {
      ++counts[background * side + scene.place(category_id)];
    }
  }
  for (uint32_t i = 0; i < cell.truth_count(); ++i) {
    const detect::Annotation& truth = scene.truth(cell, i);
    if (!taken[i] && !truth.crowd) ++counts[scene.place(truth.category_id) * side + background];
  }
}

}  // namespace

ConfusionMatrix confusion_matrix(const detect::Annotations& annotations, std::span<const detect::Result> results,
                                 const ConfusionOptions& options) {
  if (!(options.iou_threshold > 0 && options.iou_threshold <= 1)) {
    fail(ErrorKind::usage, fmt::format("the IoU threshold is {}", options.iou_threshold), "confusion matrix",
         "give one above 0 and at most 1");
  }
  const CellIndex index = index_cells(annotations, results, false);
  ConfusionMatrix matrix;
  for (const detect::Category* category : index.categories) {
    matrix.category_ids.push_back(category->id);
    matrix.names.push_back(category->name);
  }
  matrix.counts.assign(matrix.side() * matrix.side(), 0);
  Scene scene;
  scene.question = {&annotations, results, &index, options.iou, options.iou_threshold};
  scene.score_threshold = options.score_threshold;
  scene.category_ids = matrix.category_ids;

  constexpr int64_t kImagesPerJob = 256;
  const auto count = static_cast<int64_t>(index.cells.size());
  ThreadPool pool((options.threads > 0 ? options.threads : available_cores()) - 1);
  std::mutex mutex;
  pool.parallel_for((count + kImagesPerJob - 1) / kImagesPerJob, [&](int64_t job) {
    std::vector<int64_t> counts(matrix.counts.size(), 0);
    for (int64_t c = job * kImagesPerJob; c < std::min(count, (job + 1) * kImagesPerJob); ++c) {
      count_image(scene, index.cells[static_cast<size_t>(c)], counts);
    }
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < counts.size(); ++i) matrix.counts[i] += counts[i];
  });
  return matrix;
}

}  // namespace spinenet::eval
