#include "engine/run/session.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/format.h"
#include "engine/run/byte_maps.h"
#include "engine/run/clock.h"
#include "engine/run/run_step.h"

namespace spinenet::engine {
namespace {

// One row of pixels from channels last to channels first. A block of channels is a line of the cache: all of it is used
// before the next.
void scatter_row(const float* from, const Map& map, int64_t y, float* to) {
  const graph::Shape& s = map.shape;
  for (int64_t first = 0; first < s.channels; first += kernels::kChannelBlock) {
    const int64_t end = std::min(first + kernels::kChannelBlock, s.channels);
    for (int64_t c = first; c < end; ++c) {
      float* line = to + (c * s.height + y) * s.width;
      for (int64_t x = 0; x < s.width; ++x) line[x] = from[x * map.stride + c];
    }
  }
}

}  // namespace

Session::Session(std::shared_ptr<const CompiledPlan> plan, std::shared_ptr<kernels::WorkerGroup> workers)
    : plan_(std::move(plan)),
      memory_(aligned_floats(plan_->memory)),
      scratch_(aligned_floats(plan_->scratch * plan_->threads)),
      workers_(workers != nullptr ? std::move(workers) : std::make_shared<kernels::WorkerGroup>(plan_->threads)),
      runner_(std::make_unique<StepRunner>(*plan_)) {
  if (workers_->size() > plan_->threads) {
    fail(ErrorKind::failed,
         fmt::format("a worker group of {} for a plan of {} threads", workers_->size(), plan_->threads), "engine");
  }
  std::fill_n(memory_.get(), plan_->memory, 0.0F);
  std::fill_n(scratch_.get(), plan_->scratch * plan_->threads, 0.0F);
  for (const PlanOutput& output : plan_->outputs) {
    const graph::Shape& s = output.map.shape;
    HostTensor& tensor = outputs_.emplace_back();
    tensor.shape = {plan_->batch, s.channels, s.height, s.width};
    const auto count = static_cast<size_t>(element_count(tensor.shape));
    tensor.data.reserve(count);
    advise_large_pages(tensor.data.data(), static_cast<int64_t>(count * sizeof(float)));
    tensor.data.resize(count);
  }
}

std::span<const HostTensor> Session::run(std::span<const float> input) {
  const int64_t images = read(input);
  compute(images);
  return write_all(images);
}

std::span<const HostTensor> Session::run(std::span<const float> input, std::span<double> seconds) {
  const int64_t images = read(input);
  double start = now();
  for (size_t i = 0; i < plan_->steps.size(); ++i) {
    run_step(i, images);
    const double end = now();
    seconds[i] += end - start;
    start = end;
  }
  return write_all(images);
}

std::span<const HostTensor> Session::write_all(int64_t images) {
  for (size_t i = 0; i < outputs_.size(); ++i) write(i, images);
  return outputs_;
}

void Session::compute(int64_t images) {
  runner_->run(*workers_, {memory_.get(), scratch_.get()}, images);
}

void Session::run_step(size_t index, int64_t images) {
  const Step& step = plan_->steps[index];
  workers_->run(task_count(*plan_, step, images), [&](int64_t task, int thread) {
    run_task(*plan_, step, task, {memory_.get(), scratch_.get() + thread * plan_->scratch, images});
  });
}

void Session::observe(std::span<const float> image, const Observer& after) {
  const int64_t images = read(image);
  for (size_t i = 0; i < plan_->steps.size(); ++i) {
    run_step(i, images);
    after(i, memory_.get());
  }
}

int64_t Session::read(std::span<const float> input) {
  const Map& map = plan_->input;
  const graph::Shape& s = map.shape;
  const int64_t part = s.channels * s.height * s.width, images = static_cast<int64_t>(input.size()) / part;
  if (static_cast<int64_t>(input.size()) != images * part || images < 1 || images > plan_->batch) {
    fail(ErrorKind::bad_data,
         fmt::format("an image of {} values where [{}, {}, {}] is needed, or up to {} of them", input.size(),
                     s.channels, s.height, s.width, plan_->batch),
         "engine", "scale the image to the size that the network was compiled for");
  }
  workers_->run(images * s.height, [&](int64_t line, int) {
    const int64_t image = line / s.height, y = line % s.height, plane = s.height * s.width;
    const int64_t first = image * image_numbers(map) + y * s.width * map.stride;
    plan_->kernels->image_row({.from = input.data() + image * part + y * s.width,
                               .plane = plane,
                               .channels = s.channels,
                               .pixels = s.width,
                               .to = target_at(map, {.maps = memory_.get()}, first),
                               .stride = map.stride});
  });
  return images;
}

const HostTensor& Session::write(size_t output, int64_t images) {
  const Map& map = plan_->outputs[output].map;
  const graph::Shape& s = map.shape;
  const int64_t part = s.channels * s.height * s.width;
  HostTensor& tensor = outputs_[output];
  tensor.shape[0] = images;
  tensor.data.resize(static_cast<size_t>(images * part));  // within what the batch has reserved
  workers_->run(images * s.height, [&](int64_t line, int) {
    const int64_t image = line / s.height, y = line % s.height;
    scatter_row(image_at(map, image) + y * s.width * map.stride, map, y, tensor.data.data() + image * part);
  });
  return tensor;
}

graph::Forward engine_forward(std::shared_ptr<const CompiledPlan> plan) {
  struct Shared {
    explicit Shared(std::shared_ptr<const CompiledPlan> p) : session(std::move(p)) {}
    std::mutex mutex;
    Session session;
  };
  auto shared = std::make_shared<Shared>(std::move(plan));
  return [shared](const HostTensor& input) {
    const std::lock_guard lock(shared->mutex);
    const graph::Shape& s = shared->session.plan().input.shape;
    if (input.shape.size() != 4 || graph::Shape{input.shape[1], input.shape[2], input.shape[3]} != s) {
      fail(ErrorKind::bad_data,
           fmt::format("input [{}] where [N, {}, {}, {}] is needed", fmt::join(input.shape, ", "), s.channels, s.height,
                       s.width),
           "engine");
    }
    const auto part = static_cast<size_t>(s.channels * s.height * s.width);
    std::vector<HostTensor> outputs;
    for (const PlanOutput& output : shared->session.plan().outputs) {
      const graph::Shape& o = output.map.shape;
      outputs.push_back({{input.shape[0], o.channels, o.height, o.width}, {}});
      outputs.back().data.reserve(static_cast<size_t>(element_count(outputs.back().shape)));
    }
    const auto images = static_cast<size_t>(input.shape[0]), most = static_cast<size_t>(shared->session.plan().batch);
    const size_t rounds = (images + most - 1) / most;
    for (size_t round = 0; round < rounds; ++round) {
      const size_t first = round * images / rounds, end = (round + 1) * images / rounds;
      const auto batch = std::span(input.data).subspan(first * part, (end - first) * part);
      const std::span<const HostTensor> found = shared->session.run(batch);
      for (size_t i = 0; i < found.size(); ++i) {
        outputs[i].data.insert(outputs[i].data.end(), found[i].data.begin(), found[i].data.end());
      }
    }
    return outputs;
  };
}

}  // namespace spinenet::engine
