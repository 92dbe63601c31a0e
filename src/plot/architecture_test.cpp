#include "plot/architecture.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "plot/architecture_drawing.h"
#include "plot/well_formed.h"

namespace spinenet::plot {
namespace {

TEST(ArchitectureDrawing, HasABoxForEachBlockAndAConnectionForEachParent) {
  const Drawing drawing = drawing_of(arch::named_architecture("spinenet-49"), {});
  ASSERT_EQ(drawing.boxes.size(), 18U);  // stem and 17 blocks
  EXPECT_EQ(drawing.connections.size(), 2U + 15 * 2 + 1);
  for (const DrawingConnection& c : drawing.connections) {
    EXPECT_LT(c.from, c.to);
    EXPECT_EQ(c.raw, c.from == 12 && c.to == 15) << c.from << " to " << c.to;  // block 11 into 14
  }
  EXPECT_EQ(drawing.boxes[7].kind, DrawingKind::residual);
  EXPECT_EQ(drawing.boxes[7].level, 6);
  EXPECT_EQ(drawing.boxes[13].output, "P4");
}

// The block in the place of `at` has the `count` blocks before it as parents.
arch::Architecture with_parents(size_t at, int count) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  arch::BlockSpec& block = std::get<arch::ScalePermuted>(a.backbone).blocks[at];
  block.parents.clear();
  const int index = static_cast<int>(at) + arch::kStemBlocks;
  for (int back = 1; back <= count; ++back) block.parents.push_back(index - back);
  return a;
}

TEST(ArchitectureDrawing, ConnectsAnyNumberOfParents) {
  const size_t blocks = std::get<arch::ScalePermuted>(arch::named_architecture("spinenet-49").backbone).blocks.size();
  for (const size_t at :
       {size_t{5}, size_t{8}, blocks - 1}) {  // the last one is an output, which takes unused blocks, too
    for (int count = arch::kMinParents; count <= std::min(arch::kMaxParents, static_cast<int>(at) + arch::kStemBlocks);
         ++count) {
      SCOPED_TRACE(fmt::format("{} parents of block {}", count, at + arch::kStemBlocks));
      const Drawing drawing = drawing_of(with_parents(at, count), {});
      const int column = static_cast<int>(at) + arch::kStemBlocks + 1;
      std::vector<int> from, raw;
      for (const DrawingConnection& c : drawing.connections) {
        EXPECT_LT(c.from, c.to);
        if (c.to == column) (c.raw ? raw : from).push_back(c.from);
      }
      ASSERT_EQ(from.size(), static_cast<size_t>(count));
      for (int back = 1; back <= count; ++back) EXPECT_EQ(from[static_cast<size_t>(back - 1)], column - back);
      for (const int unused : raw) {
        EXPECT_TRUE(std::ranges::none_of(drawing.connections, [&](const DrawingConnection& c) {
          return c.from == unused && !c.raw;
        })) << unused;
      }
      EXPECT_TRUE(architecture_svg(with_parents(at, count), {}).ends_with("</svg>\n"));
    }
  }
}

TEST(ArchitectureDrawing, RefusesABlockOfOneParent) {
  EXPECT_THROW(drawing_of(with_parents(5, 1), {}), Error);
}

TEST(ArchitectureDrawing, SaysWhatABlockIsMadeOf) {
  const Drawing drawing = drawing_of(arch::named_architecture("spinenet-49"), {});
  EXPECT_TRUE(drawing.boxes[0].title.ends_with("\n1 convolution, 1 batch norm, 1 activation, 1 max pool"))
      << drawing.boxes[0].title;
  EXPECT_NE(drawing.boxes[13].title.find("3 convolutions, 3 batch norms\n"), std::string::npos)
      << drawing.boxes[13].title;
}

TEST(ArchitectureDrawing, ShowsIdentityPaths) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  const auto plain = [](const DrawingConnection& c) { return c.raw; };
  const auto published = std::ranges::count_if(drawing_of(a, {}).connections, plain);
  a.identity_paths = arch::IdentityPaths::every_block;
  const Drawing drawing = drawing_of(a, {});
  EXPECT_EQ(std::ranges::count_if(drawing.connections, plain), published + 15);
  for (const DrawingConnection& c : drawing.connections) EXPECT_LT(c.from, c.to);
  EXPECT_TRUE(architecture_svg(a, {}).ends_with("</svg>\n"));
}

TEST(ArchitectureDrawing, ShowsTheParentsThatAreLeft) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.edges = arch::Edges::sequential;
  const Drawing drawing = drawing_of(a, {});
  ASSERT_EQ(drawing.connections.size(), 2U + 15);
  for (const DrawingConnection& c : drawing.connections) {
    EXPECT_EQ(c.to, c.from + 1);
    EXPECT_FALSE(c.raw);
  }
  EXPECT_NE(drawing.boxes[17].title.find("\nfrom 15: "), std::string::npos) << drawing.boxes[17].title;
  a.edges = arch::Edges::without_short;
  std::vector<std::pair<int, int>> raw;
  for (const DrawingConnection& c : drawing_of(a, {}).connections) {
    if (c.raw) raw.emplace_back(c.from - 1, c.to - 1);
  }
  EXPECT_EQ(raw, (std::vector<std::pair<int, int>>{{7, 12}, {10, 14}, {11, 14}}));
  EXPECT_TRUE(architecture_svg(a, {}).ends_with("</svg>\n"));
}

TEST(ArchitectureDrawing, ShowsAPyramid) {
  const Drawing drawing = drawing_of(arch::named_architecture("resnet-101-fpn"), {});
  ASSERT_EQ(drawing.boxes.size(), 13U);
  EXPECT_EQ(drawing.boxes[3].label, "C4");
  EXPECT_EQ(drawing.boxes[3].repeats, 23);
  std::vector<std::string> outputs;
  for (const DrawingBox& box : drawing.boxes) {
    if (!box.output.empty()) outputs.push_back(box.output);
  }
  EXPECT_EQ(outputs, (std::vector<std::string>{"P3", "P4", "P5", "P6", "P7"}));
  // Each connection changes the level by one at most: up the stages, across, and down the pyramid.
  for (const DrawingConnection& c : drawing.connections) {
    const int change =
        drawing.boxes[static_cast<size_t>(c.to)].level - drawing.boxes[static_cast<size_t>(c.from)].level;
    EXPECT_LE(std::abs(change), 1) << c.from << " to " << c.to;
  }
}

TEST(ArchitectureDrawing, ShowsTheCellOfASearchedPyramidOnce) {
  const Drawing drawing = drawing_of(arch::named_architecture("resnet-50-nas-fpn"), {});
  ASSERT_EQ(drawing.boxes.size(), 5U + 5 + 7);
  EXPECT_EQ(drawing.boxes[8].kind, DrawingKind::pool);  // P6
  EXPECT_EQ(drawing.boxes[10].kind, DrawingKind::attention);
  EXPECT_EQ(drawing.boxes[10].repeats, 7);
  EXPECT_EQ(drawing.boxes[11].kind, DrawingKind::sum);
  EXPECT_EQ(drawing.boxes[12].output, "P3");
  std::vector<std::pair<int, int>> raw;
  for (const DrawingConnection& c : drawing.connections) {
    EXPECT_LT(c.from, c.to);
    if (c.raw) raw.emplace_back(c.from, c.to);
  }
  EXPECT_EQ(raw, (std::vector<std::pair<int, int>>{{7, 14}, {9, 15}}));  // P5 and P7, as they enter
}

TEST(ArchitectureDrawing, ShowsAResNetAlone) {
  const Drawing drawing = drawing_of(arch::named_architecture("resnet-50"), {});
  ASSERT_EQ(drawing.boxes.size(), 5U);
  EXPECT_EQ(drawing.boxes[4].label, "C5");
  EXPECT_EQ(drawing.boxes[4].channels, 2048);
  EXPECT_EQ(drawing.connections.size(), 4U);
}

// Rows are the strides of the maps, and every row has a box.
TEST(ArchitectureDrawing, PutsBoxesIntoPlacesOfTheirOwn) {
  for (const std::string& name : arch::architecture_names()) {
    const Drawing drawing = drawing_of(arch::named_architecture(name), {});
    std::set<std::pair<int, int>> places;
    std::set<int> levels;
    for (const DrawingBox& box : drawing.boxes) {
      EXPECT_TRUE(places.emplace(box.column, box.level).second) << name << " column " << box.column;
      levels.insert(box.level);
    }
    EXPECT_EQ(static_cast<int>(levels.size()), *levels.rbegin() - *levels.begin() + 1) << name;
    for (const DrawingConnection& c : drawing.connections) {
      const auto column = [&](int box) { return drawing.boxes[static_cast<size_t>(box)].column; };
      EXPECT_LT(column(c.from), column(c.to)) << name << " " << c.from << " to " << c.to;
    }
  }
}

// Every branch of a module is summed into every branch of the next one, and a stage adds a branch.
TEST(ArchitectureDrawing, ShowsTheBranchesOfAnHrNet) {
  const Drawing drawing = drawing_of(arch::named_architecture("hrnet-w18-fpn"), {});
  ASSERT_EQ(drawing.boxes.size(), 2U + 2 + 4 * 3 + 3 * 4 + 4 + 2 + 5);
  EXPECT_EQ(drawing.connections.size(), 1U + 2 + 2 * 3 + 3 * 9 + 3 * 4 + 2 * 16 + 16 + 4 + 1 + 5);
  EXPECT_EQ(drawing.boxes[2].column, drawing.boxes[3].column);
  EXPECT_EQ(drawing.boxes[3].level, 3);
  EXPECT_EQ(drawing.boxes[3].repeats, 4);
}

TEST(ArchitectureDrawing, ShowsTheTwoWaysOfASplitStage) {
  const Drawing drawing = drawing_of(arch::named_architecture("cspdarknet-53"), {});
  ASSERT_EQ(drawing.boxes.size(), 1U + 5 * 7);
  EXPECT_EQ(drawing.connections.size(), 5U * 8);
  EXPECT_EQ(drawing.boxes[6].kind, DrawingKind::concatenation);
  EXPECT_EQ(drawing.boxes[4].kind, DrawingKind::residual);
}

TEST(ArchitectureDrawing, ShowsTheNeckOfYolo) {
  const Drawing drawing = drawing_of(arch::named_architecture("yolov4"), {.height = 608, .width = 608});
  ASSERT_EQ(drawing.boxes.size(), 1U + 5 * 7 + 6 + 2 * 4 + 2 * 3);
  EXPECT_EQ(drawing.connections.size(), 5U * 8 + (1 + 3 + 4 + 1) + 2 * (1 + 1 + 2 + 1) + 2 * (1 + 2 + 1));
  std::map<std::string, int> outputs;
  int pools = 0;
  for (const DrawingBox& box : drawing.boxes) {
    if (!box.output.empty()) outputs[box.output] = box.channels;
    pools += box.kind == DrawingKind::pool ? 1 : 0;
  }
  EXPECT_EQ(outputs, (std::map<std::string, int>{{"P3", 128}, {"P4", 256}, {"P5", 512}}));
  EXPECT_EQ(pools, 3);
}

TEST(ArchitectureDrawing, ShowsTheHalvesOfYoloTiny) {
  const Drawing drawing = drawing_of(arch::named_architecture("yolov4-tiny"), {.height = 416, .width = 416});
  ASSERT_EQ(drawing.boxes.size(), 1U + 3 * 7 + 1 + 5);
  EXPECT_NE(drawing.boxes[2].title.find("1 channel slice"), std::string::npos) << drawing.boxes[2].title;
  EXPECT_EQ(drawing.boxes[2].channels, 32);
  EXPECT_EQ(drawing.boxes.back().output, "P4");
  EXPECT_EQ(drawing.boxes.back().channels, 256);
}

TEST(ArchitectureDrawing, ShowsThatADetNetKeepsItsStride) {
  const Drawing drawing = drawing_of(arch::named_architecture("detnet-59-fpn"), {});
  ASSERT_EQ(drawing.boxes.size(), 6U + 4 + 4);
  EXPECT_EQ(drawing.boxes[5].kind, DrawingKind::dilated_bottleneck);
  EXPECT_EQ(drawing.boxes[5].label, "C6");
  EXPECT_EQ(drawing.boxes[5].level, 4);
  EXPECT_EQ(drawing.boxes.back().output, "P6");
  EXPECT_EQ(drawing.boxes.back().level, 4);
}

TEST(ArchitectureSvg, DrawsEveryFamily) {
  for (const std::string& name : arch::architecture_names()) {
    const std::string svg = architecture_svg(arch::named_architecture(name), {});
    EXPECT_TRUE(svg.starts_with("<svg ")) << name;
    EXPECT_TRUE(svg.ends_with("</svg>\n")) << name;
    for (const auto& [opening, closing] : {std::pair{"<g>", "</g>"}, {"<text ", "</text>"}, {"<title>", "</title>"}}) {
      EXPECT_EQ(occurrences(svg, opening), occurrences(svg, closing)) << name << " " << opening;
    }
    const arch::Architecture a = arch::named_architecture(name);
    const int outputs = arch::can_do(a, arch::Task::detect) ? a.max_level - a.min_level + 1 : 0;
    EXPECT_EQ(occurrences(svg, "class=\"pill\""), static_cast<size_t>(outputs)) << name;
    EXPECT_EQ(occurrences(svg, "nan") + occurrences(svg, "inf"), 0U) << name;
  }
}

TEST(ArchitectureSvg, SaysWhatItCosts) {
  const std::string svg = architecture_svg(arch::named_architecture("spinenet-49"), {});
  EXPECT_NE(svg.find("28.54 M parameters"), std::string::npos);
  EXPECT_NE(svg.find("85.28 G multiply-adds"), std::string::npos);
  const std::string classifier =
      architecture_svg(arch::named_architecture("spinenet-49"), arch::Task::classify, {.classes = 1000});
  EXPECT_NE(classifier.find("22.09 M parameters"), std::string::npos);
  EXPECT_EQ(occurrences(svg, "class=\"edge raw\""), 2U);  // one connection, one line of the legend
  EXPECT_EQ(occurrences(architecture_svg(arch::named_architecture("resnet-50-fpn"), {}), "edge raw"), 0U);
}

TEST(ArchitectureSvg, EscapesTheName) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.name = "<b>\"mine\" & yours</b>";
  const std::string svg = architecture_svg(a, {});
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;b&gt;"), std::string::npos);
}

TEST(ArchitectureSvg, IsDrawnForManyBlocksOfOneLevel) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  auto& blocks = std::get<arch::ScalePermuted>(a.backbone).blocks;
  for (int i = 0; i < 40; ++i) blocks.insert(blocks.begin(), {2, arch::BlockKind::residual, {0, 1}, false});
  for (size_t k = 40; k < blocks.size(); ++k) {
    for (int& parent : blocks[k].parents) parent += parent < arch::kStemBlocks ? 0 : 40;
  }
  EXPECT_EQ(drawing_of(a, {}).boxes.size(), 58U);
  EXPECT_TRUE(architecture_svg(a, {}).ends_with("</svg>\n"));
}

}  // namespace
}  // namespace spinenet::plot
