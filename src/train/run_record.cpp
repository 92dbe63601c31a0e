#include "train/run_record.h"

#include <bit>
#include <charconv>

#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"

namespace spinenet::train {
namespace {

// The checksum of many values, a piece at a time.
class ContentSum {
 public:
  void add(int64_t value) { add_bytes(&value, sizeof value); }
  void add(double value) { add(std::bit_cast<int64_t>(value)); }
  void add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    add_bytes(text.data(), text.size());
  }
  uint64_t value() {
    flush();
    return sum_;
  }

 private:
  void add_bytes(const void* bytes, size_t size) {
    buffer_.append(static_cast<const char*>(bytes), size);
    constexpr size_t kPiece = 1 << 16;
    if (buffer_.size() >= kPiece) flush();
  }
  void flush() {
    sum_ = checksum(buffer_, sum_);
    buffer_.clear();
  }

  std::string buffer_;
  uint64_t sum_ = 0;
};

void add_to(ContentSum& sum, const detect::Segmentation& segmentation) {
  sum.add(static_cast<int64_t>(segmentation.polygons.size()));
  for (const std::vector<double>& polygon : segmentation.polygons) {
    sum.add(static_cast<int64_t>(polygon.size()));
    for (const double coordinate : polygon) sum.add(coordinate);
  }
  sum.add(static_cast<int64_t>(segmentation.rle.counts.size()));
  for (const auto count : segmentation.rle.counts) sum.add(static_cast<int64_t>(count));
}

std::string hexadecimal(uint64_t value) {
  return fmt::format("{:016x}", value);
}

Json set_to_json(const SetRecord& set) {
  return {{"images", set.images}, {"objects", set.objects}, {"content", hexadecimal(set.content)}};
}

// Reads what to_json wrote.
class RecordReader {
 public:
  explicit RecordReader(std::string_view place) : place_(place) {}

  const Json& member(const Json& json, const char* key) const {
    if (json.is_object() && json.contains(key)) return json[key];
    refuse(key);
  }
  int64_t count(const Json& json, const char* key) const {
    const Json& value = member(json, key);
    if (!value.is_number_integer() || value < 0) refuse(key);
    return value.get<int64_t>();
  }
  uint64_t sum(const Json& json, const char* key) const {
    const Json& value = member(json, key);
    if (!value.is_string()) refuse(key);
    const auto text = value.get<std::string>();
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc() || end != text.data() + text.size()) refuse(key);
    return number;
  }
  SetRecord set(const Json& json) const {
    return {count(json, "images"), count(json, "objects"), sum(json, "content")};
  }

 private:
  [[noreturn]] void refuse(std::string_view key) const {
    fail(ErrorKind::bad_data, fmt::format("has no sound {}: it is not what this program wrote", key), place_,
         "restore it, or remove it: the run then goes on without comparing the data");
  }

  std::string_view place_;
};

void compare_sets(const SetRecord& before, const SetRecord& now, std::string_view name,
                  std::vector<std::string>& found) {
  const size_t first = found.size();
  if (before.images != now.images)
    found.push_back(fmt::format("{} {} images, now {}", before.images, name, now.images));
  if (before.objects != now.objects) {
    found.push_back(fmt::format("{} {} objects, now {}", before.objects, name, now.objects));
  }
  if (before.content == now.content || found.size() > first) return;
  found.push_back(fmt::format("the same number of {} images, with other names, sizes, objects or order", name));
}

void compare_validation(const DataRecord& before, const DataRecord& now, std::vector<std::string>& found) {
  if (before.validation && now.validation)
    return compare_sets(*before.validation, *now.validation, "validation", found);
  if (before.validation) found.emplace_back("a validation set, now none");
  if (now.validation) found.emplace_back("no validation set, now there is one");
}

}  // namespace

SetRecord record_of(const detect::Annotations& annotations) {
  ContentSum sum;
  for (const detect::ImageInfo& image : annotations.images) {
    sum.add(image.id);
    sum.add(image.file_name);
    sum.add(image.height);
    sum.add(image.width);
  }
  for (const detect::Annotation& object : annotations.annotations) {
    sum.add(object.image_id);
    sum.add(object.category_id);
    for (const double value : object.bbox) sum.add(value);
    sum.add(object.area);
    sum.add(int64_t{object.crowd});
    add_to(sum, object.segmentation);
  }
  return {static_cast<int64_t>(annotations.images.size()), static_cast<int64_t>(annotations.annotations.size()),
          sum.value()};
}

SetRecord record_of(const data::ClassSet& set) {
  ContentSum sum;
  for (const data::ClassifiedImage& image : set.images) {
    sum.add(image.id);
    sum.add(image.file_name);
    sum.add(int64_t{image.label});
  }
  return {static_cast<int64_t>(set.images.size()), 0, sum.value()};
}

SetRecord record_of(const data::FashionMnist& garments) {
  const auto text_of = [](const std::vector<uint8_t>& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  return {garments.size(), 0, checksum(text_of(garments.pixels), checksum(text_of(garments.labels)))};
}

DataRecord record_of(const std::vector<detect::Category>& classes) {
  ContentSum sum;
  for (const detect::Category& category : classes) {
    sum.add(category.id);
    sum.add(category.name);
  }
  DataRecord record;
  record.classes = static_cast<int64_t>(classes.size());
  record.class_content = sum.value();
  return record;
}

Json to_json(const RunRecord& record) {
  const DataRecord& data = record.data;
  return {{"classes", {{"count", data.classes}, {"content", hexadecimal(data.class_content)}}},
          {"training", set_to_json(data.training)},
          {"validation", data.validation ? set_to_json(*data.validation) : Json(nullptr)},
          {"architecture", arch::to_json(record.architecture)}};
}

RunRecord run_record_from_json(const Json& json, std::string_view place) {
  const RecordReader read(place);
  const Json& classes = read.member(json, "classes");
  RunRecord record;
  record.data.classes = read.count(classes, "count");
  record.data.class_content = read.sum(classes, "content");
  record.data.training = read.set(read.member(json, "training"));
  const Json& validation = read.member(json, "validation");
  if (!validation.is_null()) record.data.validation = read.set(validation);
  record.architecture = arch::architecture_from_json(read.member(json, "architecture"), place);
  return record;
}

std::vector<std::string> differences(const RunRecord& before, const RunRecord& now) {
  std::vector<std::string> found;
  if (before.data.classes != now.data.classes) {
    found.push_back(fmt::format("{} classes, now {}", before.data.classes, now.data.classes));
  } else if (before.data.class_content != now.data.class_content) {
    found.emplace_back("classes of other names or ids");
  }
  compare_sets(before.data.training, now.data.training, "training", found);
  compare_validation(before.data, now.data, found);
  if (arch::to_json(before.architecture) != arch::to_json(now.architecture)) {
    found.emplace_back("another network: the file that architecture.base names has changed");
  }
  return found;
}

void compare_record(const OwnedFolder& run, const RunRecord& now) {
  const std::filesystem::path file = run.path() / kRecordFile;
  if (!run.holds(kRecordFile)) {
    log_warning(
        fmt::format("{}: is not there, as an earlier version began the run: whether its data has changed cannot "
                    "be told; from now on it can",
                    file.string()));
    return;
  }
  const std::vector<std::string> changed = differences(run_record_from_json(read_json(file), file.string()), now);
  if (changed.empty()) return;
  fail(ErrorKind::bad_data, fmt::format("what the run was begun with has changed: {}", fmt::join(changed, "; ")),
       file.string(),
       fmt::format("give it back what it was begun with, or start a new run on what is there now, from the weights of "
                   "this one: --set init.weights={}",
                   (run.path() / "best.safetensors").string()));
}

}  // namespace spinenet::train
