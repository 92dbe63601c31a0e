#include "data/loading/loader.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "image/center_crop.h"

namespace spinenet::data {

// One batch on its way: every slot is filled by some thread, the last of which puts the batch together.
struct Loader::Job {
  int64_t step = 0, epoch = 0;
  Slice slice;
  Order order;
  std::vector<std::optional<Prepared>> slots;
  std::atomic<int64_t> missing = 0;
  std::atomic<bool> abandoned = false;
  std::mutex failing;
  std::exception_ptr failure;
  int64_t failed_place = 0;
  std::promise<Batch> promise;
  std::future<Batch> batch = promise.get_future();

  // Of several failures the one of the first place is told, whichever thread was first.
  void note_failure(int64_t place) {
    const std::lock_guard lock(failing);
    if (failure && failed_place < place) return;
    failure = std::current_exception();
    failed_place = place;
  }
};

namespace {

OrderOptions checked_order(const Dataset& dataset, const LoaderOptions& options) {
  const auto want = [](bool holds, const std::string& what) {
    if (!holds) fail(ErrorKind::usage, what, "loader", "choose 1 or more");
  };
  want(options.size >= 1, fmt::format("an input size of {}", options.size));
  want(options.threads >= 1, fmt::format("{} threads", options.threads));
  want(options.prefetch >= 1, fmt::format("{} batches ahead", options.prefetch));
  check(options.augment);
  if (options.crop) check(*options.crop);
  const OrderOptions order{dataset.size(), options.batch, options.seed, options.train, options.rank, options.world};
  check(order);
  return order;
}

}  // namespace

Loader::Loader(const Dataset& dataset, LoaderOptions options)
    : dataset_(dataset),
      options_(std::move(options)),
      order_(checked_order(dataset, options_)),
      pool_(options_.threads) {}

Loader::~Loader() {
  for (const auto& job : jobs_) job->abandoned = true;
}

Loader::Order Loader::order_of(int64_t epoch) {
  if (epoch != cached_epoch_) {
    cached_order_ = std::make_shared<const std::vector<int64_t>>(epoch_order(order_, epoch));
    cached_epoch_ = epoch;
  }
  return cached_order_;
}

void Loader::plan_ahead() {
  while (static_cast<int>(jobs_.size()) < options_.prefetch) {
    const auto job = std::make_shared<Job>();
    job->step = planned_++;
    job->epoch = job->step / steps_per_epoch();
    job->slice = slice_of(order_, job->step);
    job->order = order_of(job->epoch);
    const auto count = static_cast<size_t>(job->slice.end - job->slice.begin);
    job->slots.resize(count);
    job->missing = static_cast<int64_t>(count);
    jobs_.push_back(job);
    if (count == 0) job->promise.set_value(make_batch({}, options_.size, options_.size));
    for (size_t slot = 0; slot < count; ++slot) pool_.submit([this, job, slot] { make_slot(*job, slot); });
  }
}

void Loader::make_slot(Job& job, size_t slot) {
  if (job.abandoned) return;
  const int64_t place = job.slice.begin + static_cast<int64_t>(slot);
  try {
    Prepared prepared;
    if (prepare(job, place, prepared)) job.slots[slot] = std::move(prepared);
  } catch (...) {
    job.note_failure(place);
  }
  if (--job.missing > 0) return;
  try {
    if (job.failure) std::rethrow_exception(job.failure);
    std::vector<Prepared> filled;
    for (std::optional<Prepared>& one : job.slots) {
      if (one) filled.push_back(std::move(*one));
    }
    job.slots.clear();
    job.promise.set_value(make_batch(std::move(filled), options_.size, options_.size, options_.normalization));
  } catch (...) {
    job.promise.set_exception(std::current_exception());
  }
}

// False: a bad image was left out.
bool Loader::prepare(const Job& job, int64_t place, Prepared& out) {
  const std::vector<int64_t>& order = *job.order;
  const int64_t tries = options_.train && options_.bad_images == BadImagePolicy::skip ? order_.samples : 1;
  for (int64_t ahead = 0; ahead < tries; ++ahead) {
    const int64_t index = order[static_cast<size_t>((place + ahead) % order_.samples)];
    try {
      out = finish(dataset_.get_in(job.epoch, index), job.epoch, index);
      return true;
    } catch (const Error& error) {
      if (!passes_over(error, index)) throw;
    }
  }
  if (options_.train) fail(ErrorKind::bad_data, "no image of the data set can be read", "loader");
  return false;
}

// Whether the image is left out and listed.
bool Loader::passes_over(const Error& error, int64_t index) {
  const bool bad = error.kind() == ErrorKind::bad_data || error.kind() == ErrorKind::io;
  if (options_.bad_images == BadImagePolicy::stop || !bad) return false;
  const std::lock_guard lock(bad_mutex_);
  bad_.insert({index, error.what()});
  return true;
}

OtherImages Loader::others_of(int64_t epoch) {
  if (!options_.augment.mixes() || epoch >= options_.mixed_epochs) return {};
  return {order_.samples, [this, epoch](int64_t index) {
            try {
              return dataset_.get_in(epoch, index);
            } catch (const Error& error) {
              if (!passes_over(error, index)) throw;
              return LabelledImage{};
            }
          }};
}

Prepared Loader::finish(LabelledImage sample, int64_t epoch, int64_t index) {
  Prepared out;
  out.image_id = sample.image_id;
  out.image_label = sample.label;
  out.letterbox = {sample.image.height, sample.image.width, 1, 1};
  Random random = sample_random(options_.seed, epoch, index);
  if (options_.crop && options_.train) {
    out.image = random_crop(sample.image, *options_.crop, options_.augment, options_.size, random);
    Random erasing = sample_random(options_.seed, epoch, index).fork(Random::hash("erase"));
    if (erasing.chance(options_.augment.erase)) erase_rectangle(out.image, erasing);
  } else if (options_.crop) {
    out.image = image::center_crop(sample.image, options_.size, options_.crop->center);
  } else if (options_.train) {
    sample = training_input(std::move(sample), options_.augment, options_.size, others_of(epoch), random);
    out.image = std::move(sample.image);
  } else {
    Letterboxed boxed = letterbox(sample.image, options_.size, options_.size);
    out.image = std::move(boxed.image);
    out.letterbox = boxed.letterbox;
    for (Target& target : sample.targets) target.box = detect::to_canvas(target.box, out.letterbox);
    for (detect::ObjectMask& mask : sample.masks) {
      mask.y = detect::then(mask.y, {out.letterbox.scale_y, 0});
      mask.x = detect::then(mask.x, {out.letterbox.scale_x, 0});
    }
  }
  out.targets = std::move(sample.targets);
  out.masks = std::move(sample.masks);
  if (!options_.anchors.empty()) out.labels = label_anchors(options_.anchors, out.targets, options_.label);
  if (options_.yolo_anchors) {
    const detect::Extent input{options_.size, options_.size};
    out.yolo_labels = label_yolo(*options_.yolo_anchors, input, out.targets, options_.label.crowd_share);
  }
  return out;
}

Batch Loader::next() {
  plan_ahead();
  const std::shared_ptr<Job> job = jobs_.front();
  const auto start = std::chrono::steady_clock::now();
  job->batch.wait();
  wait_seconds_ = wait_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  jobs_.pop_front();
  plan_ahead();
  Batch batch = job->batch.get();
  batch.step = job->step;
  return batch;
}

void Loader::seek(int64_t step) {
  if (step < 0) fail(ErrorKind::usage, fmt::format("step {}", step), "loader", "steps count from 0");
  for (const auto& job : jobs_) job->abandoned = true;
  jobs_.clear();
  planned_ = step;
}

std::vector<BadImage> Loader::bad_images() const {
  const std::lock_guard lock(bad_mutex_);
  return {bad_.begin(), bad_.end()};
}

}  // namespace spinenet::data
