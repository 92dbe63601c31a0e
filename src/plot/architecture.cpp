#include "plot/architecture.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/format.h"
#include "graph/network_cost.h"
#include "plot/architecture_drawing.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

constexpr double kColumn = 60;  // between the middles of two blocks
constexpr double kRow = 66;     // between two levels
constexpr double kLeft = 112, kRight = 64, kTop = 92, kBottom = 84;
constexpr int kWholeLevel = 2;  // boxes of this level are of middle height
constexpr double kWholeHeight = 48, kTallest = 56;

constexpr std::string_view kStyle = R"(<style>
.ground{fill:#ffffff}.row{stroke:#e8ebef;stroke-width:1}.name{font-size:19px;font-weight:650;fill:#16202c}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
.small{font-size:12px;fill:#5c6977}.level{font-size:13px;font-weight:600;fill:#3a4653}
.label{font-size:11.5px;font-weight:600;fill:#ffffff;text-anchor:middle;pointer-events:none}
.edge{fill:none;stroke:#93a1b1;stroke-width:1.7}.edge:hover{stroke:#d6336c;stroke-width:2.6}
.raw{stroke:#d6336c;stroke-width:2;stroke-dasharray:1 5;stroke-linecap:round}
.block{stroke:#ffffff;stroke-width:1.6}.block:hover{stroke:#16202c}
.bottleneck{fill:#3b74c9}.residual{fill:#d9822b}.inverted_bottleneck{fill:#8a5cc4}.convolution{fill:#55896c}.stem{fill:#75818f}
.dilated_bottleneck{fill:#2b9a9a}.concatenation{fill:#a8577e}
.pool{fill:#8d8a5f}.sum{fill:#3b74c9}.attention{fill:#8a5cc4}
.output{stroke:#d6336c;stroke-width:2.4}.pill{fill:#d6336c}.stalk{stroke:#d6336c;stroke-width:1.6}
@media (prefers-color-scheme: dark){
.ground{fill:#12161c}.row{stroke:#262d36}.name{fill:#eef2f6}.small{fill:#98a5b3}.level{fill:#c2ccd7}
.edge{stroke:#5f6d7c}.block{stroke:#12161c}.block:hover{stroke:#eef2f6}
.bottleneck{fill:#4f8ae0}.residual{fill:#dd8a37}.inverted_bottleneck{fill:#9a70d0}.convolution{fill:#5f9a79}.stem{fill:#7c8996}
.dilated_bottleneck{fill:#35a8a8}.concatenation{fill:#b96890}
.pool{fill:#a09c6c}.sum{fill:#4f8ae0}.attention{fill:#9a70d0}
.output{stroke:#f06595}.pill{fill:#c2255c}.raw,.stalk,.edge:hover{stroke:#f06595}}
</style>
)";

struct Frame {
  double x = 0, y = 0;  // middle
  double width = 0, height = 0;

  double left() const { return x - width / 2; }
  double right() const { return x + width / 2; }
  double top() const { return y - height / 2; }
};

// Levels that have boxes, and those between them.
struct Rows {
  int finest = kWholeLevel, coarsest = kWholeLevel;

  double y_of(int level) const { return kTop + (coarsest - level) * kRow; }
};

Rows rows_of(const Drawing& drawing) {
  Rows rows{drawing.boxes.front().level, drawing.boxes.front().level};
  for (const DrawingBox& box : drawing.boxes) {
    rows.finest = std::min(rows.finest, box.level);
    rows.coarsest = std::max(rows.coarsest, box.level);
  }
  return rows;
}

Frame frame_of(const DrawingBox& box, const Rows& rows) {
  const double width = std::clamp(9 + 4.1 * std::log2(static_cast<double>(box.channels) / 8), 20.0, 44.0);
  const double height = std::min(kWholeHeight - 5.6 * (box.level - kWholeLevel), kTallest);
  return {kLeft + box.column * kColumn, rows.y_of(box.level), box.kind == DrawingKind::stem ? 36 : width, height};
}

// How a connection enters its target: the offset from the middle, and whether it must go round a block of its row.
struct Entry {
  double offset = 0;
  bool arc = false;
};

// Leaves on the right, enters on the left.
std::string edge_path(const Frame& from, const Frame& to, const Entry& entry) {
  const double x0 = from.right(), y0 = from.y, x1 = to.left(), y1 = to.y + entry.offset;
  const double handle = entry.arc ? 22 : std::min(0.5 * (x1 - x0), 34.0);
  double bend = 0;
  if (entry.arc) {
    const double lift = std::min(from.height / 2 + 8 + 0.07 * (x1 - x0), 0.62 * kRow);
    bend = (entry.offset > 0 ? 1 : -1) * 1.33 * lift;
  }
  return fmt::format("M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x0, y0, x0 + handle, y0 + bend,
                     x1 - handle, y1 + bend, x1, y1);
}

bool stands_between(const std::vector<Frame>& frames, const Frame& from, const Frame& to) {
  return from.y == to.y && std::any_of(frames.begin(), frames.end(),
                                       [&](const Frame& f) { return f.y == from.y && f.x > from.x && f.x < to.x; });
}

// Of two connections into a block the one from the higher row enters above the other; in one row, the shorter one.
Entry entry_of(const Drawing& drawing, const std::vector<Frame>& frames, const DrawingConnection& c) {
  const Frame& from = frames[static_cast<size_t>(c.from)];
  Entry entry{0, stands_between(frames, from, frames[static_cast<size_t>(c.to)])};
  if (c.raw) return entry;
  for (const DrawingConnection& other : drawing.connections) {
    if (other.to != c.to || other.raw || other.from == c.from) continue;
    const Frame& rival = frames[static_cast<size_t>(other.from)];
    const bool above = from.y < rival.y || (from.y == rival.y && from.x > rival.x);
    entry.offset = above ? -3.5 : 3.5;
  }
  return entry;
}

std::string edges(const Drawing& drawing, const std::vector<Frame>& frames) {
  std::string svg;
  for (const DrawingConnection& c : drawing.connections) {
    svg += fmt::format(
        "<path class=\"edge{}\" d=\"{}\"><title>{}</title></path>\n", c.raw ? " raw" : "",
        edge_path(frames[static_cast<size_t>(c.from)], frames[static_cast<size_t>(c.to)], entry_of(drawing, frames, c)),
        c.raw ? "added as it is" : "connection");
  }
  return svg;
}

std::string block(const DrawingBox& box, const Frame& f) {
  std::string svg = fmt::format("<g><title>{}</title>", escape_markup(box.title));
  const int behind = std::min(box.repeats - 1, 3);
  for (int k = behind; k >= 0; --k) {
    svg += fmt::format(
        "<rect class=\"block {}{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\"/>",
        name_of(box.kind), box.output.empty() || k > 0 ? "" : " output", f.left() + 3 * k, f.top() - 3 * k, f.width,
        f.height);
  }
  svg +=
      fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", f.x, f.y + 4, escape_markup(box.label));
  if (!box.output.empty()) {
    const double y = f.top() - 3 * behind - 15;
    svg += fmt::format("<path class=\"stalk\" d=\"M{:.1f} {:.1f}v-7\"/>", f.x, f.top() - 3 * behind);
    svg += fmt::format("<rect class=\"pill\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"26\" height=\"16\" rx=\"8\"/>", f.x - 13,
                       y - 8);
    svg +=
        fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", f.x, y + 4, escape_markup(box.output));
  }
  return svg + "</g>\n";
}

std::string row_lines(const graph::LowerOptions& options, const Rows& rows, double width) {
  std::string svg;
  for (int level = rows.finest; level <= rows.coarsest; ++level) {
    const double y = rows.y_of(level);
    svg += fmt::format("<path class=\"row\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft - 34, y, width - 24);
    svg += fmt::format("<text class=\"level\" x=\"20\" y=\"{:.1f}\">L{}</text>", y - 2, level);
    svg += fmt::format("<text class=\"small\" x=\"20\" y=\"{:.1f}\">{}\u00D7{}</text>\n", y + 13,
                       graph::level_size(options.height, level), graph::level_size(options.width, level));
  }
  return svg;
}

std::string heading(const arch::Architecture& a, arch::Task task, const graph::LowerOptions& options) {
  const graph::Cost whole = graph::network_cost(a, task, options);
  return fmt::format(
      "<text class=\"name\" x=\"20\" y=\"34\">{}</text>\n<text class=\"small\" x=\"20\" y=\"54\">{:.2f} M parameters "
      "\u00B7 {:.2f} G multiply-adds at {}\u00D7{}, {} classes</text>\n",
      escape_markup(a.name), static_cast<double>(whole.parameters) / 1e6,
      static_cast<double>(whole.multiply_adds) / 1e9, options.height, options.width, options.classes);
}

std::string legend(const Drawing& drawing, double y) {
  std::string svg;
  double x = 20;
  std::set<DrawingKind> kinds;
  for (const DrawingBox& box : drawing.boxes) kinds.insert(box.kind);
  kinds.erase(DrawingKind::stem);
  for (const DrawingKind kind : kinds) {
    svg += fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"16\" height=\"12\" rx=\"3\"/>",
                       name_of(kind), x, y - 10);
    svg += fmt::format("<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + 22, y, name_of(kind));
    x += 46 + 6.2 * static_cast<double>(name_of(kind).size());
  }
  const auto line = [&](std::string_view style, std::string_view text) {
    svg += fmt::format("<path class=\"edge{}\" d=\"M{:.1f} {:.1f}h26\"/>", style, x, y - 4);
    svg += fmt::format("<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + 33, y, text);
    x += 60 + 6.2 * static_cast<double>(text.size());
  };
  const auto& connections = drawing.connections;
  line("", "connection");
  if (std::any_of(connections.begin(), connections.end(), [](const auto& c) { return c.raw; })) {
    line(" raw", "added as it is");
  }
  svg += fmt::format(
      "<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\">taller: larger map \u00B7 wider: more channels"
      "</text>\n",
      x, y);
  return svg;
}

}  // namespace

std::string architecture_svg(const arch::Architecture& architecture, arch::Task task,
                             const graph::LowerOptions& options) {
  const Drawing drawing = drawing_of(architecture, options);
  const Rows rows = rows_of(drawing);
  std::vector<Frame> frames;
  int last_column = 0;
  for (const DrawingBox& box : drawing.boxes) {
    frames.push_back(frame_of(box, rows));
    last_column = std::max(last_column, box.column);
  }
  const double width = std::max(kLeft + last_column * kColumn + kRight, 640.0);
  const double height = rows.y_of(rows.finest) + kBottom;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "role=\"img\" aria-label=\"{2}\">\n",
      width, height, escape_markup(architecture.name));
  svg += kStyle;
  svg += fmt::format("<rect class=\"ground\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"10\"/>\n", width, height);
  svg += heading(architecture, task, options);
  svg += row_lines(options, rows, width);
  svg += edges(drawing, frames);
  for (size_t i = 0; i < frames.size(); ++i) svg += block(drawing.boxes[i], frames[i]);
  svg += legend(drawing, height - 22);
  return svg + "</svg>\n";
}

std::string architecture_svg(const arch::Architecture& architecture, const graph::LowerOptions& options) {
  return architecture_svg(architecture, arch::default_task(architecture), options);
}

}  // namespace spinenet::plot
