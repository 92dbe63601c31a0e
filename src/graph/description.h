// An architecture with its shapes and cost, as a table and as JSON: what `spinenet describe` shows.
//
// Thread contract: pure functions.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "arch/task.h"
#include "base/json.h"
#include "graph/cost.h"
#include "graph/lower.h"

namespace spinenet::graph {

struct BlockDescription {
  int index = 0;
  int level = 0;
  std::string kind;  // a name of arch::BlockKind, or dilated_bottleneck, branch, sum, convolutions, split_stage
  std::vector<int> parents;
  bool output = false;
  Shape shape;
  Cost cost;  // with the resampling of its parents
};

struct PartDescription {
  std::string name;  // stem, neck, fpn, endpoints, head, rpn, box_head, box_head2.., mask_head
  Cost cost;
};

// Invariant: the costs of the blocks and parts sum to the total.
struct Description {
  std::string architecture;
  arch::Task task = arch::Task::detect;
  int image_size = 0;  // as asked for
  int input_size = 0;  // of a detector rounded up to where all levels meet
  int classes = 0;
  Cost total;
  std::vector<BlockDescription> blocks;
  std::vector<PartDescription> parts;
};

struct DescribeOptions {
  arch::Task task = arch::Task::detect;
  int image_size = 640;
  int classes = 91;
};

// What the published tables of a task count: 91 classes of COCO at 640 px, or 1000 classes of ImageNet at 224 px.
DescribeOptions default_describe_options(arch::Task task);

// ErrorKind::usage when the network cannot do the task.
Description describe(const arch::Architecture& architecture, const DescribeOptions& options);

Json to_json(const Description& description);
std::string to_table(const Description& description);

}  // namespace spinenet::graph
