#include "arch/text.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

constexpr std::array kBlockKinds{BlockKind::residual, BlockKind::bottleneck, BlockKind::inverted_bottleneck};
constexpr std::array kStemKinds{StemKind::bottlenecks, StemKind::inverted_bottlenecks};
constexpr std::array kMergeKinds{MergeKind::sum, MergeKind::attention};
constexpr std::array kResamplings{Resampling::squeezed, Resampling::depthwise};
constexpr std::array kActivations{Activation::relu, Activation::swish, Activation::hard_swish};
constexpr std::array kPaddings{Padding::same, Padding::symmetric};
constexpr std::array kLargeDownsamples{LargeDownsample::repeated_pools, LargeDownsample::single_pool};

// One JSON object being read: every key must be asked for, or finish() names the unknown one.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) fail(ErrorKind::bad_data, "expected an object", place_);
  }

  const Json* find(const std::string& key) {
    known_.push_back(key);
    const auto it = json_.find(key);
    return it == json_.end() ? nullptr : &*it;
  }

  const Json& need(const std::string& key) {
    const Json* found = find(key);
    if (found == nullptr) fail(ErrorKind::bad_data, fmt::format("\"{}\" is missing", key), place_);
    return *found;
  }

  std::string place(const std::string& key) const { return place_ + "/" + key; }

  void read(const std::string& key, int& value) {
    if (const Json* found = find(key)) value = as_int(*found, place(key));
  }
  void read(const std::string& key, double& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_number()) fail(ErrorKind::bad_data, "expected a number", place(key));
    value = found->get<double>();
  }
  void read(const std::string& key, bool& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) fail(ErrorKind::bad_data, "expected true or false", place(key));
    value = found->get<bool>();
  }
  void read(const std::string& key, std::vector<double>& values) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_array()) fail(ErrorKind::bad_data, "expected a list of numbers", place(key));
    values.clear();
    for (const Json& value : *found) {
      if (!value.is_number()) fail(ErrorKind::bad_data, "expected numbers", place(key));
      values.push_back(value.get<double>());
    }
  }
  void read(const std::string& key, std::string& value) {
    const Json* found = find(key);
    if (found == nullptr) return;
    if (!found->is_string()) fail(ErrorKind::bad_data, "expected a text", place(key));
    value = found->get<std::string>();
  }
  template <class Enum, size_t N>
  void read(const std::string& key, Enum& value, const std::array<Enum, N>& choices) {
    if (find(key) == nullptr) return;
    std::string text;
    read(key, text);
    std::vector<std::string> names;
    for (const Enum choice : choices) {
      if (name_of(choice) == text) {
        value = choice;
        return;
      }
      names.emplace_back(name_of(choice));
    }
    fail(ErrorKind::bad_data, fmt::format("unknown value \"{}\"", text), place(key),
         fmt::format("use {}", fmt::join(names, " or ")));
  }

  void finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      const std::string near = nearest_name(key, known_);
      fail(ErrorKind::bad_data, fmt::format("unknown key \"{}\"", key), place_,
           near.empty() ? fmt::format("known are {}", fmt::join(known_, ", ")) : fmt::format("did you mean {}?", near));
    }
  }

  static int as_int(const Json& json, const std::string& place) {
    if (!json.is_number_integer()) fail(ErrorKind::bad_data, "expected a whole number", place);
    const auto value = json.get<int64_t>();
    if (value < -1'000'000 || value > 1'000'000) fail(ErrorKind::bad_data, "number is out of range", place);
    return static_cast<int>(value);
  }

 private:
  const Json& json_;
  std::string place_;
  std::vector<std::string> known_;
};

std::array<int, 2> read_two(ObjectReader& reader, const std::string& key, std::string_view expected) {
  const Json& numbers = reader.need(key);
  if (!numbers.is_array() || numbers.size() != 2) fail(ErrorKind::bad_data, expected, reader.place(key));
  std::array<int, 2> two{};
  for (size_t i = 0; i < 2; ++i) two[i] = ObjectReader::as_int(numbers[i], reader.place(key));
  return two;
}

BlockSpec read_block(const Json& json, const std::string& place) {
  BlockSpec block;
  ObjectReader reader(json, place);
  block.level = ObjectReader::as_int(reader.need("level"), reader.place("level"));
  reader.read("block", block.kind, kBlockKinds);
  const Json& parents = reader.need("parents");
  if (!parents.is_array() || parents.size() < kMinParents || parents.size() > kMaxParents) {
    fail(ErrorKind::bad_data, fmt::format("expected {} to {} block numbers", kMinParents, kMaxParents),
         reader.place("parents"));
  }
  for (const Json& parent : parents) block.parents.push_back(ObjectReader::as_int(parent, reader.place("parents")));
  reader.read("output", block.output);
  reader.read("width", block.width);
  reader.finish();
  return block;
}

ScalePermuted read_blocks(const Json& blocks, const std::string& place) {
  if (!blocks.is_array()) fail(ErrorKind::bad_data, "expected a list of blocks", place);
  if (blocks.size() > 1000) fail(ErrorKind::bad_data, "more than 1000 blocks", place);
  ScalePermuted backbone;
  for (size_t i = 0; i < blocks.size(); ++i) {
    backbone.blocks.push_back(read_block(blocks[i], fmt::format("{}/{}", place, i)));
  }
  return backbone;
}

std::array<int, 4> read_stages(ObjectReader& reader) {
  const Json& stages = reader.need("stages");
  if (!stages.is_array() || stages.size() != 4) {
    fail(ErrorKind::bad_data, "expected the number of blocks of four stages", reader.place("stages"));
  }
  std::array<int, 4> counts{};
  for (size_t i = 0; i < 4; ++i) counts[i] = ObjectReader::as_int(stages[i], reader.place("stages"));
  return counts;
}

MergeSpec read_merge(const Json& json, const std::string& place) {
  MergeSpec merge;
  ObjectReader reader(json, place);
  merge.level = ObjectReader::as_int(reader.need("level"), reader.place("level"));
  reader.read("merge", merge.kind, kMergeKinds);
  merge.inputs = read_two(reader, "inputs", "expected two numbers of inputs");
  reader.read("output", merge.output);
  reader.finish();
  return merge;
}

ResNetNasFpn read_nas_fpn(ObjectReader& reader) {
  ResNetNasFpn backbone;
  backbone.stages = read_stages(reader);
  reader.read("repeats", backbone.repeats);
  const Json* cell = reader.find("cell");
  if (cell == nullptr) return backbone;
  const std::string place = reader.place("cell");
  if (!cell->is_array()) fail(ErrorKind::bad_data, "expected a list of merges", place);
  if (cell->size() > 100) fail(ErrorKind::bad_data, "more than 100 merges", place);
  backbone.cell.clear();
  for (size_t i = 0; i < cell->size(); ++i) {
    backbone.cell.push_back(read_merge((*cell)[i], fmt::format("{}/{}", place, i)));
  }
  return backbone;
}

Backbone read_backbone(const Json& json, const std::string& place) {
  ObjectReader reader(json, place);
  std::string kind = "scale_permuted";
  reader.read("kind", kind);
  Backbone backbone;
  if (kind == "scale_permuted") {
    backbone = read_blocks(reader.need("blocks"), reader.place("blocks"));
  } else if (kind == "resnet_fpn") {
    backbone = ResNetFpn{read_stages(reader)};
  } else if (kind == "resnet_nas_fpn") {
    backbone = read_nas_fpn(reader);
  } else if (kind == "resnet") {
    backbone = ResNet{read_stages(reader)};
  } else {
    fail(ErrorKind::bad_data, fmt::format("unknown kind \"{}\"", kind), reader.place("kind"),
         "use scale_permuted or resnet_fpn or resnet_nas_fpn or resnet");
  }
  reader.finish();
  return backbone;
}

void read_scaling(const Json& json, const std::string& place, Scaling& scaling) {
  ObjectReader reader(json, place);
  reader.read("endpoints_num_filters", scaling.endpoints_num_filters);
  reader.read("filter_size_scale", scaling.filter_size_scale);
  reader.read("resample_alpha", scaling.resample_alpha);
  reader.read("block_repeats", scaling.block_repeats);
  reader.read("stem_filters", scaling.stem_filters);
  if (const Json* filters = reader.find("level_filters")) {
    if (!filters->is_array() || filters->size() != scaling.level_filters.size()) {
      fail(ErrorKind::bad_data, "expected the filters of seven levels", reader.place("level_filters"));
    }
    for (size_t i = 0; i < scaling.level_filters.size(); ++i) {
      scaling.level_filters[i] = ObjectReader::as_int((*filters)[i], reader.place("level_filters"));
    }
  }
  reader.finish();
}

void read_head(const Json& json, const std::string& place, RetinaHead& head) {
  ObjectReader reader(json, place);
  reader.read("convs", head.convs);
  reader.read("filters", head.filters);
  reader.read("scales", head.scales);
  reader.read("aspect_ratios", head.aspect_ratios);
  reader.read("anchor_size", head.anchor_size);
  reader.read("separable", head.separable);
  reader.finish();
}

void read_inverted(const Json& json, const std::string& place, InvertedBottleneck& inverted) {
  ObjectReader reader(json, place);
  reader.read("expand_ratio", inverted.expand_ratio);
  reader.read("squeeze_excite", inverted.squeeze_excite);
  reader.read("hard_gate", inverted.hard_gate);
  reader.finish();
}

void read_two_stage(const Json& json, const std::string& place, TwoStageHead& head) {
  ObjectReader reader(json, place);
  reader.read("rpn_convs", head.rpn_convs);
  reader.read("rpn_filters", head.rpn_filters);
  reader.read("scales", head.scales);
  reader.read("aspect_ratios", head.aspect_ratios);
  reader.read("anchor_size", head.anchor_size);
  reader.read("box_convs", head.box_convs);
  reader.read("box_filters", head.box_filters);
  reader.read("box_dense", head.box_dense);
  reader.read("mask_convs", head.mask_convs);
  reader.read("mask_filters", head.mask_filters);
  reader.read("box_thresholds", head.box_thresholds);
  reader.finish();
}

Json two_stage_to_json(const TwoStageHead& head) {
  return Json{{"rpn_convs", head.rpn_convs},         {"rpn_filters", head.rpn_filters}, {"scales", head.scales},
              {"aspect_ratios", head.aspect_ratios}, {"anchor_size", head.anchor_size}, {"box_convs", head.box_convs},
              {"box_filters", head.box_filters},     {"box_dense", head.box_dense},     {"mask_convs", head.mask_convs},
              {"mask_filters", head.mask_filters}};
}

Json backbone_to_json(const ScalePermuted& backbone) {
  Json blocks = Json::array();
  for (const BlockSpec& block : backbone.blocks) {
    blocks.push_back(Json{
        {"level", block.level}, {"block", name_of(block.kind)}, {"parents", block.parents}, {"output", block.output}});
    if (block.width != 1) blocks.back()["width"] = block.width;
  }
  return Json{{"kind", "scale_permuted"}, {"blocks", blocks}};
}

Json backbone_to_json(const ResNetFpn& backbone) {
  return Json{{"kind", "resnet_fpn"}, {"stages", backbone.stages}};
}

Json backbone_to_json(const ResNetNasFpn& backbone) {
  Json cell = Json::array();
  for (const MergeSpec& merge : backbone.cell) {
    cell.push_back(Json{
        {"level", merge.level}, {"merge", name_of(merge.kind)}, {"inputs", merge.inputs}, {"output", merge.output}});
  }
  return Json{{"kind", "resnet_nas_fpn"}, {"stages", backbone.stages}, {"cell", cell}, {"repeats", backbone.repeats}};
}

Json backbone_to_json(const ResNet& backbone) {
  return Json{{"kind", "resnet"}, {"stages", backbone.stages}};
}

}  // namespace

std::string_view name_of(BlockKind kind) {
  switch (kind) {
    case BlockKind::residual:
      return "residual";
    case BlockKind::bottleneck:
      return "bottleneck";
    case BlockKind::inverted_bottleneck:
      return "inverted_bottleneck";
  }
  return "";
}
std::string_view name_of(StemKind stem) {
  return stem == StemKind::bottlenecks ? "bottlenecks" : "inverted_bottlenecks";
}
std::string_view name_of(MergeKind kind) {
  return kind == MergeKind::sum ? "sum" : "attention";
}
std::string_view name_of(Resampling resampling) {
  return resampling == Resampling::squeezed ? "squeezed" : "depthwise";
}
std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return "relu";
    case Activation::swish:
      return "swish";
    case Activation::hard_swish:
      return "hard_swish";
  }
  return "";
}
std::string_view name_of(Padding padding) {
  return padding == Padding::same ? "same" : "symmetric";
}
std::string_view name_of(LargeDownsample rule) {
  return rule == LargeDownsample::repeated_pools ? "repeated_pools" : "single_pool";
}

Json to_json(const Architecture& a) {
  Json json;
  json["name"] = a.name;
  json["backbone"] = std::visit([](const auto& backbone) { return backbone_to_json(backbone); }, a.backbone);
  json["scaling"] = Json{{"endpoints_num_filters", a.scaling.endpoints_num_filters},
                         {"filter_size_scale", a.scaling.filter_size_scale},
                         {"resample_alpha", a.scaling.resample_alpha},
                         {"block_repeats", a.scaling.block_repeats},
                         {"stem_filters", a.scaling.stem_filters}};
  json["head"] = Json{{"convs", a.head.convs},
                      {"filters", a.head.filters},
                      {"scales", a.head.scales},
                      {"aspect_ratios", a.head.aspect_ratios},
                      {"anchor_size", a.head.anchor_size}};
  // What came later is written only where it says something, so that older texts stay as they are.
  if (a.scaling.level_filters != Scaling{}.level_filters) json["scaling"]["level_filters"] = a.scaling.level_filters;
  if (a.head.separable) json["head"]["separable"] = true;
  if (a.stem != StemKind::bottlenecks) json["stem"] = name_of(a.stem);
  if (a.resampling != Resampling::squeezed) json["resampling"] = name_of(a.resampling);
  if (a.inverted != InvertedBottleneck{}) {
    json["inverted_bottleneck"] = Json{{"expand_ratio", a.inverted.expand_ratio},
                                       {"squeeze_excite", a.inverted.squeeze_excite},
                                       {"hard_gate", a.inverted.hard_gate}};
  }
  if (a.two_stage != TwoStageHead{}) {
    json["two_stage"] = two_stage_to_json(a.two_stage);
    if (a.two_stage.box_thresholds != TwoStageHead{}.box_thresholds) {
      json["two_stage"]["box_thresholds"] = a.two_stage.box_thresholds;
    }
  }
  json["activation"] = name_of(a.activation);
  json["padding"] = name_of(a.padding);
  json["large_downsample"] = name_of(a.large_downsample);
  json["batch_norm"] = Json{{"momentum", a.batch_norm.momentum}, {"epsilon", a.batch_norm.epsilon}};
  json["min_level"] = a.min_level;
  json["max_level"] = a.max_level;
  return json;
}

Architecture architecture_from_json(const Json& json, std::string_view place) {
  Architecture a;
  ObjectReader reader(json, std::string(place));
  reader.read("name", a.name);
  a.backbone = read_backbone(reader.need("backbone"), reader.place("backbone"));
  if (const Json* scaling = reader.find("scaling")) read_scaling(*scaling, reader.place("scaling"), a.scaling);
  if (const Json* head = reader.find("head")) read_head(*head, reader.place("head"), a.head);
  if (const Json* head = reader.find("two_stage")) read_two_stage(*head, reader.place("two_stage"), a.two_stage);
  reader.read("stem", a.stem, kStemKinds);
  reader.read("resampling", a.resampling, kResamplings);
  if (const Json* inverted = reader.find("inverted_bottleneck")) {
    read_inverted(*inverted, reader.place("inverted_bottleneck"), a.inverted);
  }
  reader.read("activation", a.activation, kActivations);
  reader.read("padding", a.padding, kPaddings);
  reader.read("large_downsample", a.large_downsample, kLargeDownsamples);
  if (const Json* norm = reader.find("batch_norm")) {
    ObjectReader norm_reader(*norm, reader.place("batch_norm"));
    norm_reader.read("momentum", a.batch_norm.momentum);
    norm_reader.read("epsilon", a.batch_norm.epsilon);
    norm_reader.finish();
  }
  reader.read("min_level", a.min_level);
  reader.read("max_level", a.max_level);
  reader.finish();
  validate(a);
  return a;
}

Architecture read_architecture(const std::filesystem::path& path) {
  return architecture_from_json(read_json(path), path.string());
}

}  // namespace spinenet::arch
