// A model as an ONNX file, checked against the model before it is kept.
//
// Thread contract: free functions on their arguments; the check uses the threads asked for.
#pragma once

#include "base/output.h"
#include "formats/onnx/export/export.h"
#include "runtime/model.h"

namespace spinenet::runtime {

struct ExportOptions {
  formats::OnnxOptions onnx;                         // anchors and proposals are those of the model
  double limit = formats::OnnxCheckOptions().limit;  // of the relative error at which the file is kept
  int threads = 1;
};

struct Export {
  formats::OnnxFile file;
  formats::OnnxCheck check;
};

// ErrorKind::failed, without a file, when it differs from the model by more than the limit; ErrorKind::usage for a form
// that the task does not have; ErrorKind::bad_data when the model's weights do not fit its networks.
Export export_model(const Model& model, const Output& output, const ExportOptions& options);

}  // namespace spinenet::runtime
