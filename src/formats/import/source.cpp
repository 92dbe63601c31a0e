#include "formats/import/source.h"

#include "base/error.h"
#include "base/format.h"
#include "formats/import/pytorch.h"
#include "formats/import/strided_tensor.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"

namespace spinenet::formats {
namespace {

constexpr size_t kHeaderAt = 8;  // behind its length

bool is_safetensors(const FileBytes& file) {
  return file.read_at_most(kHeaderAt, 1) == "{";
}

}  // namespace

SourceFormat source_format(const FileBytes& file) {
  if (is_pytorch(file)) return SourceFormat::pytorch;
  if (is_safetensors(file)) return SourceFormat::safetensors;
  if (file.place().ends_with(".weights")) return SourceFormat::darknet;
  fail(ErrorKind::bad_data, "begins neither as a PyTorch file nor as a safetensors file, and is not called .weights",
       file.place(), "give a file of one of these formats");
}

SourceTensors read_safetensors_source(const std::shared_ptr<const FileBytes>& file) {
  const auto read = [&](uint64_t begin, uint64_t count) { return file->read(begin, count); };
  const SafetensorsHeader header = read_safetensors_header(read, file->size(), file->place());
  if (is_model_metadata(header.metadata)) {
    fail(ErrorKind::usage, "is a model of spinenet already", file->place(),
         "use it as it is, in predict or as init.weights");
  }
  SourceTensors source;
  source.place = file->place();
  source.format = name_of(SourceFormat::safetensors);
  for (const TensorPlace& entry : header.tensors) {
    const Storage storage{entry.type, header.data_begin + entry.begin, entry.count};
    SourceTensor& tensor = source.tensors[entry.name];
    tensor.shape = entry.shape;
    tensor.type = name_of(entry.type);
    tensor.read = [file, place = row_major_tensor(storage, entry.shape)] { return read_strided(*file, place); };
  }
  return source;
}

}  // namespace spinenet::formats
