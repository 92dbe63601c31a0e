#include "runtime/export_request.h"

#include <charconv>
#include <vector>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/text_table.h"
#include "graph/anchors.h"

namespace spinenet::runtime {
namespace {

constexpr int kMaxExtent = 65536;

// The usual one of the task when none is named. One of another task is refused by what makes the file.
formats::OnnxForm form_of(const std::string& name, arch::Task task, arch::HeadKind head) {
  const std::span<const formats::OnnxForm> forms = formats::forms_of(task, head);
  if (name.empty()) return forms.back();
  if (const std::optional<formats::OnnxForm> form = value_named<formats::OnnxForm>(name)) return *form;
  std::vector<std::string_view> known;
  for (const formats::OnnxForm form : forms) known.push_back(name_of(form));
  unknown_name(ErrorKind::usage, "form", name, known);
}

// An integer from 1 to `most`, or 0 when the text is none.
int positive(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most ? value : 0;
}

int batch_of(const std::string& text, arch::Task task) {
  if (text.empty()) return task == arch::Task::segment ? 1 : 0;
  if (text == "any") return 0;
  const int batch = positive(text, 1 << 20);
  if (batch == 0) fail(ErrorKind::usage, fmt::format("--batch {}", text), "", "give a number from 1, or any");
  return batch;
}

// "any", "N" (the input is as predict makes it for that image size) or "HxW".
void set_size(formats::OnnxOptions& onnx, const std::string& text, const Model& model, arch::Task task) {
  const int multiple = task == arch::Task::classify ? 1 : arch::coarsest_stride(model.architecture);
  if (text == "any") return;
  if (text.empty()) {
    onnx.height = onnx.width = graph::input_size(model.file.image_size, multiple);
    return;
  }
  const size_t cross = text.find('x');
  const int height = positive(text.substr(0, cross), kMaxExtent);
  const int width = cross == std::string::npos ? height : positive(text.substr(cross + 1), kMaxExtent);
  if (height == 0 || width == 0) {
    fail(ErrorKind::usage, fmt::format("--size {}", text), "", "give N, HEIGHTxWIDTH, or any");
  }
  onnx.height = graph::input_size(height, multiple);
  onnx.width = graph::input_size(width, multiple);
  onnx.image_height = height;
  onnx.image_width = width;
  if (cross != std::string::npos && (onnx.height != height || onnx.width != width)) {
    fail(ErrorKind::usage, fmt::format("--size {} is no multiple of {}", text, multiple), "",
         fmt::format("use {}x{}", onnx.height, onnx.width));
  }
}

}  // namespace

formats::OnnxOptions onnx_options(const ExportRequest& request, const Model& model, std::string_view version) {
  const arch::Task task = arch::task_named(model.file.task);
  formats::OnnxOptions onnx;
  onnx.form = form_of(request.form, task, model.architecture.head_kind);
  onnx.batch = batch_of(request.batch, task);
  set_size(onnx, request.size, model, task);
  onnx.post = request.post;
  onnx.program_version = version;
  return onnx;
}

Json to_json(const Export& made, const formats::OnnxOptions& onnx, const std::string& file) {
  Json rows = Json::array();
  for (const formats::OnnxCheckRow& row : made.check.rows) rows.push_back({{"what", row.what}, {"error", row.error}});
  Json outputs = Json::array();
  for (const formats::OnnxValue& output : made.file.outputs) outputs.push_back(output.name);
  return {{"file", file},
          {"form", name_of(onnx.form)},
          {"batch", onnx.batch > 0 ? Json(onnx.batch) : Json("any")},
          {"height", onnx.height > 0 ? Json(onnx.height) : Json("any")},
          {"width", onnx.width > 0 ? Json(onnx.width) : Json("any")},
          {"outputs", outputs},
          {"nodes", made.file.nodes.size()},
          {"bytes", made.check.bytes},
          {"error", formats::worst(made.check).error},
          {"limit", made.check.limit},
          {"checks", rows}};
}

std::string to_table(const Export& made, const formats::OnnxOptions& onnx, const std::string& file) {
  std::vector<std::vector<std::string>> rows{{"checked against the model", "relative error"}};
  for (const formats::OnnxCheckRow& row : made.check.rows) rows.push_back({row.what, fmt::format("{:.1e}", row.error)});
  return fmt::format("{}: {} nodes, {}B, form {}\n{}", file, made.file.nodes.size(), short_count(made.check.bytes),
                     name_of(onnx.form), table_text(rows));
}

}  // namespace spinenet::runtime
