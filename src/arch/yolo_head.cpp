#include "arch/yolo_head.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

constexpr double kAnchorSize = 3;                              // times 2^level pixels
constexpr std::array<double, 3> kAnchorRatios{1.0, 2.0, 0.5};  // width to height

[[noreturn]] void refuse_head(const Architecture& a, std::string_view what, std::string_view remedy) {
  fail(ErrorKind::bad_data, what, fmt::format("architecture {}", a.name), remedy);
}

size_t level_count(const Architecture& a) {
  const int levels = a.max_level - a.min_level + 1;
  return static_cast<size_t>(levels);
}

void add_anchors_of_levels(const Architecture& a, YoloHead& head) {
  for (int level = a.min_level; level <= a.max_level; ++level) {
    const double side = kAnchorSize * (1 << level);
    for (const double ratio : kAnchorRatios) {
      head.anchors.push_back({side * std::sqrt(ratio), side / std::sqrt(ratio)});
    }
  }
}

void divide_among_levels(const Architecture& a, YoloHead& head) {
  const size_t levels = level_count(a), per_level = head.anchors.size() / levels;
  for (size_t level = 0; level < levels; ++level) {
    std::vector<int>& anchors = head.anchors_of_level.emplace_back();
    for (size_t i = 0; i < per_level; ++i) anchors.push_back(static_cast<int>(level * per_level + i));
  }
}

void validate_anchors_of_level(const Architecture& a, const std::vector<int>& anchors, int level) {
  if (anchors.empty()) {
    refuse_head(a, fmt::format("the YOLO head has no anchor on level {}", level), "give each level at least one");
  }
  for (auto anchor = anchors.begin(); anchor != anchors.end(); ++anchor) {
    if (*anchor < 0 || *anchor >= static_cast<int>(a.yolo.anchors.size())) {
      refuse_head(a, fmt::format("level {} of the YOLO head has anchor {}", level, *anchor),
                  fmt::format("there are anchors 0 to {}", static_cast<int>(a.yolo.anchors.size()) - 1));
    }
    for (auto other = anchors.begin(); other != anchor; ++other) {
      if (*other == *anchor) {
        refuse_head(a, fmt::format("level {} of the YOLO head has anchor {} twice", level, *anchor),
                    "name different anchors");
      }
    }
  }
}

void validate_anchor_lists(const Architecture& a) {
  const YoloHead& head = a.yolo;
  const size_t levels = level_count(a);
  if (head.anchors.empty() && !head.anchors_of_level.empty()) {
    refuse_head(a, "yolo has anchors_of_level and no anchors", "list the anchors, or leave both out");
  }
  if (head.anchors_of_level.empty()) {
    if (head.anchors.size() % levels == 0) return;
    refuse_head(a, fmt::format("{} anchors cannot be divided among {} levels", head.anchors.size(), levels),
                "say in yolo's anchors_of_level which level has which");
  }
  if (head.anchors_of_level.size() != levels) {
    refuse_head(a,
                fmt::format("yolo's anchors_of_level has {} lists, and there are {} levels",
                            head.anchors_of_level.size(), levels),
                fmt::format("give one list for each level from {} to {}", a.min_level, a.max_level));
  }
  for (size_t i = 0; i < levels; ++i) {
    validate_anchors_of_level(a, head.anchors_of_level[i], a.min_level + static_cast<int>(i));
  }
}

}  // namespace

YoloHead complete_yolo_head(const Architecture& architecture) {
  YoloHead head = architecture.yolo;
  if (head.anchors.empty()) {
    head.anchors_of_level.clear();
    add_anchors_of_levels(architecture, head);
  }
  if (head.anchors_of_level.empty()) divide_among_levels(architecture, head);
  if (head.scale_xy.empty()) head.scale_xy.assign(level_count(architecture), kDefaultScaleXy);
  return head;
}

void validate_yolo_head(const Architecture& a) {
  const YoloHead& head = a.yolo;
  if (head.anchors.size() > kMaxYoloAnchors) {
    refuse_head(a, fmt::format("the YOLO head has {} anchors", head.anchors.size()),
                fmt::format("use up to {}", kMaxYoloAnchors));
  }
  for (const auto& [width, height] : head.anchors) {
    if (width > 0 && height > 0 && width <= kMaxAnchorSide && height <= kMaxAnchorSide) continue;
    refuse_head(a, fmt::format("an anchor of the YOLO head is {} x {} pixels", width, height),
                fmt::format("use sides above 0, at most {}", kMaxAnchorSide));
  }
  validate_anchor_lists(a);
  if (!head.scale_xy.empty() && head.scale_xy.size() != level_count(a)) {
    refuse_head(
        a, fmt::format("yolo's scale_xy has {} numbers, and there are {} levels", head.scale_xy.size(), level_count(a)),
        fmt::format("give one for each level from {} to {}", a.min_level, a.max_level));
  }
  for (const double scale : head.scale_xy) {
    if (scale >= 1 && scale <= 2) continue;
    refuse_head(a, fmt::format("scale_xy {} of the YOLO head is out of range", scale), "use 1 to 2");
  }
  if (!(head.iou_threshold > 0 && head.iou_threshold <= 1)) {
    refuse_head(a, fmt::format("iou_threshold {} of the YOLO head is out of range", head.iou_threshold),
                "an overlap is above 0, at most 1");
  }
  if (head.convs < 0 || head.convs > 64) {
    refuse_head(a, fmt::format("the YOLO head has {} convs", head.convs), "use 0 to 64");
  }
}

}  // namespace spinenet::arch
