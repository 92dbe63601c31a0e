#include "graph/every_operation.h"

#include <set>

#include <gtest/gtest.h>

namespace spinenet::graph {
namespace {

TEST(EveryOperation, HasEveryKind) {
  std::set<size_t> kinds;
  for (const Op& op : every_operation(arch::Activation::relu).ops) kinds.insert(op.kind.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<OpKind>);
}

}  // namespace
}  // namespace spinenet::graph
