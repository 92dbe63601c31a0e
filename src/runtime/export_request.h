// What a person asks of an ONNX export, in words, and what came of it, in words and for programs.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "runtime/export_onnx.h"

namespace spinenet::runtime {

// "" is what is usual for the model.
struct ExportRequest {
  std::string form;
  std::string batch;  // a number, or "any"
  std::string size;   // "N" (the input is as predict makes it for that image size), "HEIGHTxWIDTH", or "any"
  detect::PostprocessOptions post;
};

// ErrorKind::usage for what is none of these. A form of another task is refused by what makes the file.
formats::OnnxOptions onnx_options(const ExportRequest& request, const Model& model, std::string_view version);

Json to_json(const Export& made, const formats::OnnxOptions& onnx, const std::string& file);
std::string to_table(const Export& made, const formats::OnnxOptions& onnx, const std::string& file);

}  // namespace spinenet::runtime
