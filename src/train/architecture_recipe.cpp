// The keys by which a recipe changes an architecture. Meaning, type and range of each are those of the architecture's
// own field (arch/architecture_fields.h); here are only its name in a recipe and its place in an architecture.
#include <array>
#include <span>

#include "arch/architecture_fields.h"
#include "arch/families.h"
#include "base/error.h"
#include "runtime/model.h"
#include "train/recipe.h"

namespace spinenet::train {
namespace {

struct ArchitectureKey {
  std::string_view name;
  std::string_view path;
  std::string_view second_path = {};  // changed together with the first
};

constexpr std::array<ArchitectureKey, 27> kKeys{{
    {"filter_size_scale", "scaling.filter_size_scale"},
    {"resample_alpha", "scaling.resample_alpha"},
    {"endpoints_num_filters", "scaling.endpoints_num_filters"},
    {"block_repeats", "scaling.block_repeats"},
    {"stem_filters", "scaling.stem_filters"},
    {"identity_paths", "identity_paths"},
    {"edges", "edges"},
    {"head_convs", "head.convs"},
    {"head_filters", "head.filters"},
    {"rpn_filters", "two_stage.rpn_filters"},
    {"box_head_convs", "two_stage.box_convs"},
    {"box_head_filters", "two_stage.box_filters"},
    {"box_head_dense", "two_stage.box_dense"},
    {"box_head_thresholds", "two_stage.box_thresholds"},
    {"mask_head_convs", "two_stage.mask_convs"},
    {"mask_head_filters", "two_stage.mask_filters"},
    {"head_kind", "head_kind"},
    {"yolo_anchors", "yolo.anchors"},
    {"yolo_anchors_of_level", "yolo.anchors_of_level"},
    {"yolo_scale_xy", "yolo.scale_xy"},
    {"yolo_iou_threshold", "yolo.iou_threshold"},
    {"yolo_convs", "yolo.convs"},
    {"anchor_size", "head.anchor_size", "two_stage.anchor_size"},
    {"anchor_scales", "head.scales", "two_stage.scales"},
    {"aspect_ratios", "head.aspect_ratios", "two_stage.aspect_ratios"},
    {"activation", "activation"},
    {"batch_norm_momentum", "batch_norm.momentum"},
}};

FieldList settings_of(arch::Architecture& architecture) {
  FieldList list;
  arch::settings(list, architecture);
  return list;
}

const Field& field_at(const FieldList& list, std::string_view path) {
  const Field* field = find_field(list, path);
  if (field == nullptr) fail(ErrorKind::failed, fmt::format("an architecture has no field {}", path), "recipe keys");
  return *field;
}

// The value as the architecture's field understands it; nothing for null, which leaves the architecture as it is.
void change(ArchitectureRecipe& recipe, const ArchitectureKey& key, const YamlNode& value, const FieldSource& source) {
  if (value.kind == YamlNode::Kind::null) {
    recipe.changes.erase(std::string(key.name));
    return;
  }
  arch::Architecture scratch;
  const FieldList list = settings_of(scratch);
  const Field& field = field_at(list, key.path);
  field.read(value, fmt::format("architecture.{}", key.name), source);
  recipe.changes.insert_or_assign(std::string(key.name), field.write());
}

}  // namespace

void fields(FieldList& list, ArchitectureRecipe& recipe) {
  list(
      "base", recipe.base,
      "Name of a known architecture, or path of an architecture JSON or of a model; the other keys change parts of it");
  arch::Architecture scratch;
  const FieldList all = settings_of(scratch);
  for (const ArchitectureKey& key : kKeys) {
    const Field& original = field_at(all, key.path);
    const auto read = [&recipe, &key](const YamlNode& value, std::string_view, const FieldSource& source) {
      change(recipe, key, value, source);
    };
    const auto write = [&recipe, &key] {
      const auto changed = recipe.changes.find(key.name);
      return changed == recipe.changes.end() ? "null" : changed->second;
    };
    list.items.push_back(
        {std::string(key.name), original.meaning, original.type + ", or null", false, true, read, write, {}});
  }
}

arch::Architecture resolve_architecture(const ArchitectureRecipe& recipe) {
  arch::Architecture architecture = runtime::is_model_path(recipe.base) ? runtime::open_model(recipe.base).architecture
                                                                        : arch::find_architecture(recipe.base);
  const FieldList list = settings_of(architecture);
  for (const ArchitectureKey& key : kKeys) {
    const auto changed = recipe.changes.find(key.name);
    if (changed == recipe.changes.end()) continue;
    const std::string place = fmt::format("architecture.{}", key.name);
    const YamlNode value = parse_yaml(changed->second, place);
    field_at(list, key.path).read(value, place, {place});
    if (!key.second_path.empty()) field_at(list, key.second_path).read(value, place, {place});
  }
  validate(architecture);
  return architecture;
}

}  // namespace spinenet::train
