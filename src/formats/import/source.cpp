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

// "yolov4.weights", or "yolov4.conv.137" as files are called that hold the first 137 convolutions.
bool has_darknet_name(std::string_view place) {
  constexpr std::string_view kFirstConvolutions = ".conv.";
  if (place.ends_with(".weights")) return true;
  const size_t at = place.rfind(kFirstConvolutions);
  if (at == std::string_view::npos) return false;
  const std::string_view number = place.substr(at + kFirstConvolutions.size());
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

// What people have at hand that is none of the formats, with the way that there is.
void refuse_known_kinds(const FileBytes& file) {
  constexpr std::string_view kListOfParts = ".index.json";
  if (file.place().ends_with(kListOfParts)) {
    fail(ErrorKind::unsupported, "lists the files over which a model is divided", file.place(),
         "import a file that holds the whole model");
  }
  const std::string beginning = file.read_at_most(0, 2);
  if (beginning.size() == 2 && beginning[0] == '\x80' && beginning[1] >= 2 && beginning[1] <= 5) {
    fail(ErrorKind::unsupported, "a pickle of Python, as detectron2's model zoo has, and not a file of torch.save",
         file.place(), "read it with Python and save the mapping of names to tensors with torch.save");
  }
}

bool is_safetensors(const FileBytes& file) {
  return file.read_at_most(kHeaderAt, 1) == "{";
}

}  // namespace

SourceFormat source_format(const FileBytes& file) {
  if (is_pytorch(file)) return SourceFormat::pytorch;
  if (is_safetensors(file)) return SourceFormat::safetensors;
  if (has_darknet_name(file.place())) return SourceFormat::darknet;
  refuse_known_kinds(file);
  fail(ErrorKind::bad_data,
       "begins neither as a PyTorch file nor as a safetensors file, and is called neither .weights nor .conv.N",
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
  drop_prefixes(source);
  return source;
}

}  // namespace spinenet::formats
