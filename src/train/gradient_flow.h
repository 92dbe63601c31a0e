// Where the gradient of a loss goes in a network: how much of it reaches each part (a block, a connection between two
// blocks, a tower of the head), how much each part hands on to what it reads, how large it is for the part's weights,
// and how far the batch norms' statistics of single batches lie from their running ones.
//
// A part is named by how the names of its operations begin: "blocks.3", "resample.3.0", "endpoints.p3", "head.class".
// Thread contract: belongs to the thread that trains.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/program.h"
#include "train/trainer.h"

namespace spinenet::train {

std::string_view part_of(std::string_view operation);

// Norms of gradients are means over the batches.
struct PartFlow {
  std::string name;
  std::vector<std::string> reads{};  // the parts whose values it takes; none of the image
  graph::Shape output{};             // of the last value that others take
  double of_output = 0;              // the gradient of all its values that others take
  double of_input = 0;               // what comes back by way of this part to the values that it takes
  double of_parameters = 0;
  double parameters = 0;  // norm of the parameters themselves
  int64_t parameter_count = 0;
  // Norm of the mean gradient of its parameters by the mean of their norms: 1 where all batches agree, and one by the
  // root of their number where they have nothing in common.
  double agreement = 0;
};

// Means over channels and batches, in running deviations, or as a share of them.
struct NormFlow {
  std::string name;
  double values = 0;             // of a channel, in a batch
  double mean_from_running = 0;  // distance of a batch's mean from the running mean
  double std_from_running = 0;   // |std of the batch / running std - 1|
  double mean_from_batches = 0;  // the same from the mean over these batches, and in its deviations
  double std_from_batches = 0;
};

struct GradientFlow {
  std::vector<std::pair<std::string, double>> losses;  // means
  std::vector<PartFlow> parts;                         // in the order of the operations
  std::vector<NormFlow> norms;
};

struct FlowOptions {
  int64_t batches = 10;
  std::function<data::Batch()> next;
  std::string loss;  // whose gradient it is, of those of the task; empty: of their sum
};

// Of the trainer's measured weights, in training mode. The trainer stays as it is.
// ErrorKind::usage for a loss that the task does not have.
GradientFlow gradient_flow(const Trainer& trainer, const FlowOptions& options);

enum class Normalisation { running_statistics, batch_statistics };

// Means over the images of `batches` batches, without gradients. `weights`: of trainer.parameters(); they stay.
std::vector<std::pair<std::string, double>> mean_losses(const Trainer& trainer, const nn::Parameters& weights,
                                                        Normalisation normalisation, const FlowOptions& options);

}  // namespace spinenet::train
