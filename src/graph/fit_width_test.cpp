#include "graph/fit_width.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/task.h"
#include "graph/cost.h"

namespace spinenet::graph {
namespace {

const LowerOptions kSmall{.height = 128, .width = 128, .classes = 10};

int64_t price(arch::Architecture architecture, double width) {
  architecture.scaling.filter_size_scale = width;
  return cost(lower_detector(architecture, kSmall)).multiply_adds;
}

TEST(FittingWidth, IsTheWidestThatIsCheapEnough) {
  for (const char* name : {"spinenet-49", "r0-sp53", "resnet-50-fpn"}) {
    for (const int64_t limit : {int64_t{2'000'000'000}, int64_t{3'000'000'000}}) {
      const arch::Architecture architecture = arch::named_architecture(name);
      const double width = fitting_width(architecture, kSmall, limit).value();
      EXPECT_LE(price(architecture, width), limit) << name;
      EXPECT_GT(price(architecture, width), limit / 2) << name;
      EXPECT_GT(price(architecture, width + 0.0001), limit) << name;
    }
  }
}

TEST(FittingWidth, OfANetworkAtItsOwnPriceIsItsWidth) {
  const arch::Architecture architecture = arch::named_architecture("spinenet-49");
  EXPECT_NEAR(fitting_width(architecture, kSmall, price(architecture, 1.0)).value(), 1.0, 0.05);
}

TEST(FittingWidth, IsNothingBelowThePriceOfTheNarrowest) {
  for (const std::string& name : arch::architecture_names()) {
    const arch::Architecture architecture = arch::named_architecture(name);
    if (!arch::can_do(architecture, arch::Task::detect)) continue;
    EXPECT_EQ(fitting_width(architecture, kSmall, 1000), std::nullopt) << name;
    EXPECT_GT(fitting_width(architecture, kSmall, price(architecture, 1.0)).value(), 0.9) << name;
  }
}

}  // namespace
}  // namespace spinenet::graph
