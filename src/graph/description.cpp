#include "graph/description.h"

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

std::vector<BlockDescription> permuted_blocks(const arch::Architecture& a, const Program& program, int size) {
  const auto stem = arch::stem_blocks(a.stem);
  std::vector<arch::BlockSpec> specs(stem.begin(), stem.end());
  const auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  specs.insert(specs.end(), blocks.begin(), blocks.end());
  std::vector<BlockDescription> found;
  for (size_t i = 0; i < specs.size(); ++i) {
    const arch::BlockSpec& spec = specs[i];
    BlockDescription block;
    block.index = static_cast<int>(i);
    block.level = spec.level;
    block.kind = spec.kind;
    if (i >= arch::kStemBlocks) block.parents.assign(spec.parents.begin(), spec.parents.end());
    if (i == 1) block.parents = {0};
    block.output = spec.output;
    block.shape = {arch::output_channels(spec, a.scaling), level_size(size, spec.level), level_size(size, spec.level)};
    block.cost = sum(cost_of(program, fmt::format("blocks.{}.", i)), cost_of(program, fmt::format("resample.{}.", i)));
    found.push_back(std::move(block));
  }
  return found;
}

std::vector<BlockDescription> blocks_of(const arch::ScalePermuted&, const arch::Architecture& a, const Program& program,
                                        int size) {
  return permuted_blocks(a, program, size);
}

// A ResNet, alone or under a pyramid.
template <class ResNetBackbone>
std::vector<BlockDescription> blocks_of(const ResNetBackbone& backbone, const arch::Architecture& a,
                                        const Program& program, int size) {
  std::vector<BlockDescription> found;
  for (int level = 2; level <= 5; ++level) {
    for (int k = 0; k < backbone.stages[static_cast<size_t>(level - 2)]; ++k) {
      BlockDescription block;
      block.index = static_cast<int>(found.size());
      block.level = level;
      if (!found.empty()) block.parents = {block.index - 1};
      block.shape = {4 * static_cast<int64_t>(arch::resnet_filters(level, a.scaling)), level_size(size, level),
                     level_size(size, level)};
      block.cost = cost_of(program, fmt::format("stages.c{}.{}.", level, k));
      found.push_back(std::move(block));
    }
  }
  return found;
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
  d.input_size = options.task == arch::Task::classify ? options.image_size
                                                      : input_size(options.image_size, architecture.max_level);
  d.classes = options.classes;
  const auto programs = counted_programs(architecture, options.task,
                                         {.height = d.input_size, .width = d.input_size, .classes = options.classes});
  const Program& program = programs.front().program;
  d.total = cost_of(programs, "");
  d.blocks = std::visit([&](const auto& backbone) { return blocks_of(backbone, architecture, program, d.input_size); },
                        architecture.backbone);
  std::vector<std::string> parts{"stem", "fpn", "endpoints", "head", "rpn"};
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
                                  {"block", name_of(b.kind)},
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
    rows.push_back({std::to_string(b.index), std::to_string(b.level), std::string(name_of(b.kind)),
                    parents_text(b.parents), b.output ? fmt::format("P{}", b.level) : "",
                    fmt::format("{}x{}x{}", b.shape.channels, b.shape.height, b.shape.width), cells[0], cells[1]});
  }
  for (const PartDescription& part : d.parts) rows.push_back(part_row(part.name, part.cost));
  rows.push_back(part_row("total", d.total));
  return text + table_text(rows);
}

}  // namespace spinenet::graph
