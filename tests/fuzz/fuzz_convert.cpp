// Any bytes as a file of each format that `data convert` reads: the first byte says which. The text is read or refused
// as bad data; what was read is written as every format, and what is written is read again with as many images.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "data/convert/convert.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
#include "data/convert/set_yolo.h"

namespace spinenet {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_as(uint8_t format, const std::string& text, data::SetReading& reading) {
  switch (format % 6) {
    case 0: {
      reading.list_category("cat", "fuzz");
      reading.list_category("dog", "fuzz");
      data::SetImage image;
      image.name = "a.png";
      image.height = 40;
      image.width = 60;
      data::parse_yolo_labels(text, "fuzz", 2, reading.add_image(image, "fuzz"), reading);
      break;
    }
    case 1:
      data::parse_voc(text, {"fuzz", "a", data::SetPart::train, {}}, reading);
      break;
    case 2:
      data::parse_cvat(text, "fuzz", reading);
      break;
    case 3:
      data::parse_label_studio(text, "fuzz", reading);
      break;
    case 4:
      data::parse_csv_set(text, "fuzz", reading);
      break;
    default:
      data::parse_label_config(text, "fuzz", reading);
      break;
  }
}

// What may be refused of a set that was read: names that a format cannot say or tell apart.
void write_all(const data::LabelledSet& set) {
  for (const data::SetFormat format : values_of<data::SetFormat>()) {
    data::Tally left_out;
    try {
      const std::vector<data::SetFile> files = data::write_set(format, set, false, left_out);
      data::SetReading again({});
      if (format == data::SetFormat::cvat) data::parse_cvat(files.at(0).text, "again", again);
      if (format == data::SetFormat::csv) data::parse_csv_set(files.at(0).text, "again", again);
      if (format == data::SetFormat::labelstudio) data::parse_label_studio(files.at(0).text, "again", again);
      const bool read = format == data::SetFormat::cvat || format == data::SetFormat::labelstudio;
      require(!read || again.set().images.size() == set.images.size());
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::unsupported || error.kind() == ErrorKind::bad_data);
    }
  }
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 65536) return 0;
  spinenet::data::SetReading reading({});
  try {
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    spinenet::read_as(*data, spinenet::data::checked_text(bytes, "fuzz"), reading);
  } catch (const spinenet::Error& error) {
    spinenet::require(error.kind() == spinenet::ErrorKind::bad_data);
    return 0;
  }
  spinenet::write_all(reading.set());
  return 0;
}
