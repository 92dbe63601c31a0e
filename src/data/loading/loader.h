// Batches, made ahead by threads.
//
// Invariant: the content of batch `step` is a pure function of the data set, the options other than `threads` and
// `prefetch`, and step. The slices of all ranks, one after the other, are the batch of a single process.
// Bad images (Dataset::get throws bad_data or io): with `stop` the error comes out of next(); with `skip` the image is
// listed, and in training the next image of the epoch's order that can be read takes its place; in evaluation the batch
// is that much shorter, down to no image at all.
// Memory: at most `prefetch` batches and one image per thread are held, however long it runs.
// Thread contract: next() and seek() from one thread at a time; the other functions from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "data/loading/augment.h"
#include "data/loading/batch.h"
#include "data/loading/dataset.h"
#include "data/loading/mix.h"
#include "data/loading/random_crop.h"
#include "data/loading/sample_order.h"

namespace spinenet::data {

enum class BadImagePolicy { stop, skip };
constexpr auto names(BadImagePolicy) {
  using enum BadImagePolicy;
  return named<BadImagePolicy>({{stop, "stop"}, {skip, "skip"}});
}

struct LoaderOptions {
  int64_t batch = 1;  // over all ranks
  int size = 640;     // height and width of the input
  uint64_t seed = 0;
  int threads = 1;
  int prefetch = 2;   // batches made ahead
  bool train = true;  // shuffled and augmented; else in order and letterboxed
  int rank = 0, world = 1;
  BadImagePolicy bad_images = BadImagePolicy::stop;
  AugmentOptions augment;
  int64_t mixed_epochs = std::numeric_limits<int64_t>::max();  // the first ones; later ones mix no images (mix.h)
  std::optional<CropOptions> crop;  // for classifiers: parts of the image, instead of augment's window and letterbox
  image::Normalization normalization;
  std::vector<detect::Box> anchors;                 // of an input of size x size; empty: batches without labels
  std::optional<detect::YoloAnchors> yolo_anchors;  // none: batches without yolo_labels
  LabelOptions label;
};

struct BadImage {
  int64_t index = 0;  // in the data set
  std::string reason;

  bool operator<(const BadImage& other) const { return index < other.index; }
};

class Loader {
 public:
  // The data set must outlive the loader. ErrorKind::usage when the options are wrong.
  Loader(const Dataset& dataset, LoaderOptions options);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  // Waits for the images being made at the moment.
  ~Loader();

  int64_t steps_per_epoch() const { return data::steps_per_epoch(order_); }
  // The batch of the current step, which then moves on, from one epoch into the next. What a thread threw comes out
  // here, at the step it belongs to.
  Batch next();
  // Makes `step` (counted over all epochs, from 0) the current one.
  void seek(int64_t step);

  // Time that next() has spent waiting for a batch that was not ready.
  double wait_seconds() const { return wait_seconds_; }
  // In the order of their indices, each once.
  std::vector<BadImage> bad_images() const;

 private:
  struct Job;
  using Order = std::shared_ptr<const std::vector<int64_t>>;

  void plan_ahead();
  Order order_of(int64_t epoch);
  void make_slot(Job& job, size_t slot);
  bool prepare(const Job& job, int64_t place, Prepared& out);
  Prepared finish(LabelledImage sample, int64_t epoch, int64_t index);
  OtherImages others_of(int64_t epoch);
  bool passes_over(const Error& error, int64_t index);

  const Dataset& dataset_;
  const LoaderOptions options_;
  const OrderOptions order_;
  int64_t planned_ = 0;  // the step after the last one in jobs_
  int64_t cached_epoch_ = -1;
  Order cached_order_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::atomic<double> wait_seconds_ = 0;
  mutable std::mutex bad_mutex_;
  std::set<BadImage> bad_;
  ThreadPool pool_;  // last: its threads use all of the above
};

}  // namespace spinenet::data
