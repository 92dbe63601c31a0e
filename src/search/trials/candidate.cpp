#include "search/trials/candidate.h"

#include "arch/canonical.h"
#include "base/format.h"
#include "base/text_table.h"
#include "graph/fit_width.h"
#include "graph/lower.h"

namespace spinenet::search {
namespace {

graph::LowerOptions lowering(const SearchTask& task) {
  return {task.image_size, task.image_size, task.classes};
}

}  // namespace

arch::Architecture candidate(const SearchTask& task, const arch::ScalePermuted& backbone) {
  arch::Architecture architecture = task.base;
  architecture.name = fmt::format("searched-{:016x}", arch::canonical_hash(backbone));
  architecture.backbone = backbone;
  if (const double wish = task.recipe.proxy.multiply_adds; wish > 0) {
    const auto width = graph::fitting_width(architecture, lowering(task), static_cast<int64_t>(wish));
    architecture.scaling.filter_size_scale = width.value_or(architecture.scaling.filter_size_scale);
  }
  return architecture;
}

graph::Cost cost_of(const SearchTask& task, const arch::Architecture& candidate) {
  return graph::cost(graph::lower_detector(candidate, lowering(task)));
}

std::optional<std::string> objection(const SearchTask& task, const arch::ScalePermuted& backbone) {
  const ConstraintRecipe& wish = task.recipe.constraints;
  const double target = task.recipe.proxy.multiply_adds;
  const bool any = wish.max_multiply_adds > 0 || wish.min_multiply_adds > 0 || wish.max_parameters > 0 || target > 0;
  if (!any) return std::nullopt;
  const graph::Cost price = cost_of(task, candidate(task, backbone));
  const auto reason = [](int64_t has, std::string_view what, std::string_view relation, double limit) {
    return fmt::format("{} {}, {} than {}", short_count(has), what, relation, short_count(static_cast<int64_t>(limit)));
  };
  const auto multiply_adds = static_cast<double>(price.multiply_adds);
  if (target > 0 && multiply_adds > target) {
    return fmt::format("no width is cheap enough for proxy.multiply_adds {}",
                       short_count(static_cast<int64_t>(target)));
  }
  if (wish.max_multiply_adds > 0 && multiply_adds > wish.max_multiply_adds) {
    return reason(price.multiply_adds, "multiply-adds", "more", wish.max_multiply_adds);
  }
  if (multiply_adds < wish.min_multiply_adds) {
    return reason(price.multiply_adds, "multiply-adds", "fewer", wish.min_multiply_adds);
  }
  if (wish.max_parameters > 0 && static_cast<double>(price.parameters) > wish.max_parameters) {
    return reason(price.parameters, "parameters", "more", wish.max_parameters);
  }
  return std::nullopt;
}

}  // namespace spinenet::search
