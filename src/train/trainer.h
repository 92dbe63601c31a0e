// One network in training: a batch goes in, the weights move. Knows nothing of tasks, files, data sets and logs.
//
// Invariant: after each step every process holds the same weights. A step whose loss or gradient is not finite changes
// nothing: neither weights nor optimiser nor running statistics; neither does one that throws.
// Thread contract: belongs to one thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/loading/batch.h"
#include "graph/program.h"
#include "train/checkpoint.h"
#include "train/distributed.h"
#include "train/fine_tune.h"
#include "train/recipe.h"

namespace spinenet::train {

// One batch on its way through the programs of a task. The batch is this process's part of the global one.
struct BatchPass {
  const data::Batch& batch;
  const torch::Tensor& pixels;  // [N, 3, H, W] on the device
  std::span<const graph::Program> programs;
  std::span<const nn::Parameters> parameters;  // of each program
  const nn::ForwardMode& mode;
  Communicator& communicator;

  std::vector<torch::Tensor> run(size_t program, const torch::Tensor& x) const {
    return nn::forward(programs[program], parameters[program], x, mode);
  }
  // Of all processes together.
  double sum(double own) const;
};

// [N, 3, H, W] on the device; on the CPU they are the batch's own memory.
torch::Tensor pixels_of(const data::Batch& batch, torch::Device device);

// What a batch costs: scalars that are minimised in sum. Those of all processes add up to the loss of the global batch.
struct BatchLosses {
  std::vector<std::pair<std::string, torch::Tensor>> parts;  // names as in metrics.jsonl: "box_loss"
  torch::Tensor logits;                                      // of the classes: looked at when a loss is not finite
};

struct Trainee {
  std::vector<graph::Program> programs;
  std::function<BatchLosses(const BatchPass&)> losses;
};

struct StepReport {
  std::vector<std::pair<std::string, double>> losses;  // the parts, over all processes
  double gradient_norm = 0;
  double learning_rate = 0;
  double largest_logit = 0;  // only of a step that was not finite
  bool finite = true;

  double loss() const;
  // ErrorKind::failed when there is none of this name.
  double loss(std::string_view name) const;
};

class Trainer {
 public:
  Trainer(Trainee trainee, const Weights& first, const Recipe& recipe, torch::Device device,
          Communicator& communicator);

  // Puts other weights in place of the first ones.
  void begin_with(const Weights& weights);
  // From now on as the recipe's fine_tune says (see fine_tune.h); `taken`: names of the tensors from init.weights.
  void fine_tune(const std::vector<std::string>& taken);
  // Does step state().progression.step and moves on. `batch` is this process's part.
  StepReport step(const data::Batch& batch);

  TrainState& state() { return state_; }
  const Trainee& trainee() const { return trainee_; }
  const FineTuning& fine_tuning() const { return fine_tuning_; }
  // All parameters of the programs, without operations: what the weights of a model are read and written with.
  const graph::Program& parameters() const { return all_; }
  torch::Device device() const { return device_; }
  // The weights that are measured and kept: the moving average, or the live ones without it.
  const nn::Parameters& measured() const {
    return recipe_.optimizer.ema_decay > 0 ? state_.average : state_.parameters;
  }

 private:
  StepReport forward_backward(const data::Batch& batch);
  nn::ForwardMode mode(const data::Batch& batch) const;

  Trainee trainee_;
  graph::Program all_;
  Recipe recipe_;
  torch::Device device_;
  Communicator& communicator_;
  nn::AllReduce all_reduce_;
  TrainState state_;
  std::vector<nn::Parameters> live_;  // state_.parameters by program
  FineTuning fine_tuning_;
};

}  // namespace spinenet::train
