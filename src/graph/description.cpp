#include "graph/description.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "arch/text.h"
#include "base/format.h"
#include "base/text_table.h"
#include "graph/anchors.h"
#include "graph/lower_two_stage.h"
#include "graph/network_cost.h"

namespace spinenet::graph {
namespace {

Cost sum(const Cost& a, const Cost& b) {
  return {a.parameters + b.parameters, a.multiply_adds + b.multiply_adds};
}

// Rows of the table, each a part of the program.
class BlockRows {
 public:
  explicit BlockRows(const Program& program) : program_(program) {}

  // The first prefix is the block, whose last operation has its shape; the others lead to it.
  int add(std::string_view kind, int level, std::vector<int> parents, const std::vector<std::string>& prefixes) {
    BlockDescription block;
    block.index = static_cast<int>(rows_.size());
    block.level = level;
    block.kind = kind;
    block.parents = std::move(parents);
    for (const Op& op : program_.ops) {
      if (op.name.starts_with(prefixes.front())) block.shape = program_.values[static_cast<size_t>(op.output)];
    }
    for (const std::string& prefix : prefixes) block.cost = sum(block.cost, cost_of(program_, prefix));
    rows_.push_back(std::move(block));
    return rows_.back().index;
  }

  // Behind the row before it.
  int add(std::string_view kind, int level, const std::string& prefix) {
    return add(kind, level, rows_.empty() ? std::vector<int>{} : std::vector{rows_.back().index}, {prefix});
  }

  std::vector<BlockDescription> take() { return std::move(rows_); }

 private:
  const Program& program_;
  std::vector<BlockDescription> rows_;
};

std::vector<BlockDescription> blocks_of(const arch::ScalePermuted& backbone, const arch::Architecture& a,
                                        const Program& program) {
  const auto stem = arch::stem_blocks(a.stem);
  std::vector<arch::BlockSpec> specs(stem.begin(), stem.end());
  std::ranges::copy(arch::connected_blocks(backbone, a.edges), std::back_inserter(specs));
  BlockRows rows(program);
  for (size_t i = 0; i < specs.size(); ++i) {
    const arch::BlockSpec& spec = specs[i];
    std::vector<int> parents = spec.parents;
    if (i == 1) parents = {0};
    rows.add(name_of(spec.kind), spec.level, std::move(parents),
             {fmt::format("blocks.{}.", i), fmt::format("resample.{}.", i)});
  }
  std::vector<BlockDescription> blocks = rows.take();
  for (size_t i = 0; i < specs.size(); ++i) blocks[i].output = specs[i].output;
  return blocks;
}

// Stages of bottlenecks from level 2 on; those beyond `ordinary` are dilated.
std::vector<BlockDescription> bottleneck_stages(std::span<const int> stages, const Program& program, int ordinary = 5) {
  BlockRows rows(program);
  for (size_t s = 0; s < stages.size(); ++s) {
    const int level = static_cast<int>(s) + arch::kStemLevel;
    for (int k = 0; k < stages[s]; ++k) {
      rows.add(level <= ordinary ? "bottleneck" : "dilated_bottleneck", level, fmt::format("stages.c{}.{}.", level, k));
    }
  }
  return rows.take();
}

// A ResNet, alone or under a pyramid.
std::vector<BlockDescription> blocks_of(const OneOf<arch::ResNet, arch::ResNetFpn, arch::ResNetNasFpn> auto& backbone,
                                        const arch::Architecture&, const Program& program) {
  return bottleneck_stages(backbone.stages, program);
}

std::vector<BlockDescription> blocks_of(const arch::DetNet& backbone, const arch::Architecture&,
                                        const Program& program) {
  return bottleneck_stages(backbone.stages, program, 4);
}

// One row for each of the stages c1, c2, ...
std::vector<BlockDescription> whole_stages(size_t count, std::string_view kind, const Program& program) {
  BlockRows rows(program);
  for (size_t s = 1; s <= count; ++s) rows.add(kind, static_cast<int>(s), fmt::format("stages.c{}.", s));
  return rows.take();
}

std::vector<BlockDescription> blocks_of(const arch::Vgg& backbone, const arch::Architecture&, const Program& program) {
  return whole_stages(backbone.stages.size(), "convolutions", program);
}

std::vector<BlockDescription> blocks_of(const arch::CspDarknet& backbone, const arch::Architecture&,
                                        const Program& program) {
  return whole_stages(backbone.stages.size(), "split_stage", program);
}

// Each stage is called by the level that its pool gives.
std::vector<BlockDescription> blocks_of(const arch::CspDarknetTiny&, const arch::Architecture&,
                                        const Program& program) {
  BlockRows rows(program);
  for (int level = 3; level <= 5; ++level) rows.add("split_stage", level, fmt::format("stages.c{}.", level));
  rows.add("convolutions", 5, "stages.last.");
  return rows.take();
}

std::vector<BlockDescription> blocks_of(const arch::EfficientNetLite& backbone, const arch::Architecture&,
                                        const Program& program) {
  BlockRows rows(program);
  int level = 1;
  for (size_t s = 0; s < backbone.stages.size(); ++s) {
    level += backbone.stages[s].stride - 1;
    for (int k = 0; k < backbone.stages[s].repeats; ++k) {
      rows.add(name_of(arch::BlockKind::inverted_bottleneck), level, fmt::format("stages.{}.{}.", s, k));
    }
  }
  return rows.take();
}

// A branch of a module, with what brings it the maps of the module before it; at the end the last module's sums.
std::vector<BlockDescription> blocks_of(const arch::HrNet& net, const arch::Architecture&, const Program& program) {
  BlockRows rows(program);
  std::vector<int> before;
  for (int k = 0; k < net.first_blocks; ++k) {
    before = {rows.add(name_of(arch::BlockKind::bottleneck), arch::kStemLevel, fmt::format("stages.1.{}.", k))};
  }
  std::string last;  // module
  for (size_t s = 0; s < net.modules.size(); ++s) {
    for (int m = 0; m < net.modules[s]; ++m) {
      const std::string module = fmt::format("stages.{}.{}", s + 2, m);
      std::vector<int> branches;
      for (size_t i = 0; i < s + 2; ++i) {
        const bool is_new = m == 0 && (s == 0 || i == s + 1);
        branches.push_back(rows.add(
            "branch", arch::kStemLevel + static_cast<int>(i), before,
            {fmt::format("{}.branches.{}.", module, i),
             is_new ? fmt::format("stages.{}.transition.{}.", s + 2, i) : fmt::format("{}.fuse.{}.", last, i)}));
      }
      before = std::move(branches);
      last = module;
    }
  }
  for (size_t i = 0; i < arch::kHrNetBranches; ++i) {
    rows.add("sum", arch::kStemLevel + static_cast<int>(i), before, {fmt::format("{}.fuse.{}.", last, i)});
  }
  return rows.take();
}

std::string parents_text(const std::vector<int>& parents) {
  return parents.empty() ? "stem" : fmt::format("{}", fmt::join(parents, ", "));
}

std::vector<std::string> cost_cells(const Cost& cost) {
  return {short_count(cost.parameters), short_count(cost.multiply_adds)};
}

std::vector<std::string> part_row(std::string_view name, const Cost& cost) {
  const auto cells = cost_cells(cost);
  return {std::string(name), "", "", "", "", "", cells[0], cells[1]};
}

}  // namespace

DescribeOptions default_describe_options(arch::Task task) {
  if (task == arch::Task::classify) return {task, 224, 1000};
  return {task, 640, 91};
}

Description describe(const arch::Architecture& architecture, const DescribeOptions& options) {
  Description d;
  d.architecture = architecture.name;
  d.task = options.task;
  d.image_size = options.image_size;
  d.input_size = options.task == arch::Task::classify
                     ? options.image_size
                     : input_size(options.image_size, arch::coarsest_stride(architecture));
  d.classes = options.classes;
  const auto programs = counted_programs(architecture, options.task,
                                         {.height = d.input_size, .width = d.input_size, .classes = options.classes});
  const Program& program = programs.front().program;
  d.total = cost_of(programs, "");
  d.blocks = std::visit([&](const auto& backbone) { return blocks_of(backbone, architecture, program); },
                        architecture.backbone);
  std::vector<std::string> parts{"stem", "neck", "fpn", "endpoints", "head", "rpn"};
  for (size_t stage = 0; stage < architecture.two_stage.box_thresholds.size(); ++stage) {
    parts.push_back(stage_name("box_head", stage));
  }
  parts.emplace_back("mask_head");
  for (const std::string& part : parts) {
    const Cost found = cost_of(programs, fmt::format("{}.", part));
    if (found.parameters > 0) d.parts.push_back({part, found});
  }
  return d;
}

Json to_json(const Description& d) {
  Json json{{"architecture", d.architecture},
            {"task", name_of(d.task)},
            {"image_size", d.image_size},
            {"input_size", d.input_size},
            {"classes", d.classes},
            {"parameters", d.total.parameters},
            {"multiply_adds", d.total.multiply_adds},
            {"blocks", Json::array()},
            {"parts", Json::object()}};
  for (const BlockDescription& b : d.blocks) {
    json["blocks"].push_back(Json{{"index", b.index},
                                  {"level", b.level},
                                  {"block", b.kind},
                                  {"parents", b.parents},
                                  {"output", b.output},
                                  {"shape", {b.shape.channels, b.shape.height, b.shape.width}},
                                  {"parameters", b.cost.parameters},
                                  {"multiply_adds", b.cost.multiply_adds}});
  }
  for (const PartDescription& part : d.parts) {
    json["parts"][part.name] = Json{{"parameters", part.cost.parameters}, {"multiply_adds", part.cost.multiply_adds}};
  }
  return json;
}

std::string to_table(const Description& d) {
  const std::string padded = d.input_size == d.image_size ? "" : fmt::format(" (padded to {0}x{0})", d.input_size);
  std::string text = fmt::format("{0}: {1}, {2}x{2}{3}, {4} classes\n{5} parameters, {6} multiply-adds\n\n",
                                 d.architecture, name_of(d.task), d.image_size, padded, d.classes,
                                 short_count(d.total.parameters), short_count(d.total.multiply_adds));
  std::vector<std::vector<std::string>> rows{
      {"block", "level", "kind", "parents", "output", "shape", "parameters", "multiply-adds"}};
  for (const BlockDescription& b : d.blocks) {
    const auto cells = cost_cells(b.cost);
    rows.push_back({std::to_string(b.index), std::to_string(b.level), b.kind, parents_text(b.parents),
                    b.output ? fmt::format("P{}", b.level) : "",
                    fmt::format("{}x{}x{}", b.shape.channels, b.shape.height, b.shape.width), cells[0], cells[1]});
  }
  for (const PartDescription& part : d.parts) rows.push_back(part_row(part.name, part.cost));
  rows.push_back(part_row("total", d.total));
  return text + table_text(rows);
}

}  // namespace spinenet::graph
