// The reading half of set_csv.h.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/csv_rows.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

enum class Column { file, width, height, x1, y1, x2, y2, label, part, crowd, difficult, truncated, occluded, pose };
constexpr size_t kColumns = static_cast<size_t>(Column::pose) + 1;

struct ColumnName {
  std::string_view name;
  Column column;
  bool relative = false;
};
constexpr std::array<ColumnName, 35> kColumnNames{{{"file", Column::file},
                                                   {"filename", Column::file},
                                                   {"file_name", Column::file},
                                                   {"ImageID", Column::file},
                                                   {"width", Column::width},
                                                   {"height", Column::height},
                                                   {"x1", Column::x1},
                                                   {"y1", Column::y1},
                                                   {"x2", Column::x2},
                                                   {"y2", Column::y2},
                                                   {"xmin", Column::x1},
                                                   {"ymin", Column::y1},
                                                   {"xmax", Column::x2},
                                                   {"ymax", Column::y2},
                                                   {"XMin", Column::x1, true},
                                                   {"YMin", Column::y1, true},
                                                   {"XMax", Column::x2, true},
                                                   {"YMax", Column::y2, true},
                                                   {"class", Column::label},
                                                   {"class_name", Column::label},
                                                   {"label", Column::label},
                                                   {"LabelName", Column::label},
                                                   {"part", Column::part},
                                                   {"split", Column::part},
                                                   {"crowd", Column::crowd},
                                                   {"is_crowd", Column::crowd},
                                                   {"IsGroupOf", Column::crowd},
                                                   {"difficult", Column::difficult},
                                                   {"truncated", Column::truncated},
                                                   {"IsTruncated", Column::truncated},
                                                   {"occluded", Column::occluded},
                                                   {"IsOccluded", Column::occluded},
                                                   {"pose", Column::pose},
                                                   {"image_width", Column::width},
                                                   {"image_height", Column::height}}};

class CsvSetReader {
 public:
  CsvSetReader(std::string_view text, std::string_view place, SetReading& reading)
      : rows_(text, place), place_(place), reading_(reading) {}

  void read() {
    read_header();
    while (rows_.next(fields_)) {
      if (fields_.size() != columns_) {
        refuse_row(fmt::format("has {} fields, the header {}", fields_.size(), columns_), "give each column a value");
      }
      add_row();
    }
  }

 private:
  [[noreturn]] void refuse_row(std::string_view what, std::string_view remedy) const {
    fail(ErrorKind::bad_data, what, fmt::format("{}:{}", place_, rows_.line()), remedy);
  }

  void read_header() {
    at_.fill(-1);
    if (!rows_.next(fields_)) fail(ErrorKind::bad_data, "is empty", place_, "give it a header");
    columns_ = fields_.size();
    int relative = 0;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const std::string_view name = trimmed(fields_[i]);
      const auto known = std::find_if(kColumnNames.begin(), kColumnNames.end(),
                                      [&](const ColumnName& column) { return column.name == name; });
      if (known == kColumnNames.end()) {
        reading_.leave_out(fmt::format("column \"{}\"", printable(name)));
        continue;
      }
      int& at = at_.at(static_cast<size_t>(known->column));
      if (at >= 0) refuse_row(fmt::format("the header has two columns for {}", printable(name)), "keep one of them");
      at = static_cast<int>(i);
      relative += known->relative ? 1 : 0;
      by_id_ = by_id_ || name == "ImageID";
    }
    for (const Column needed : {Column::file, Column::x1, Column::y1, Column::x2, Column::y2, Column::label}) {
      if (at_.at(static_cast<size_t>(needed)) >= 0) continue;
      refuse_row("the header lacks a column for the file, the corners or the class",
                 "name the columns file,width,height,x1,y1,x2,y2,class");
    }
    if (relative != 0 && relative != 4)
      refuse_row("the header mixes pixels with relative corners", "use one of the two");
    relative_ = relative == 4;
  }

  std::string_view value(Column column) const {
    const int at = at_.at(static_cast<size_t>(column));
    return at < 0 ? std::string_view() : std::string_view(fields_[static_cast<size_t>(at)]);
  }

  int64_t side(Column column) const {
    if (trimmed(value(column)).empty()) return 0;
    const std::optional<double> side = number_in(value(column));
    if (side && *side >= 1 && *side <= 1e9 && *side == static_cast<double>(static_cast<int64_t>(*side))) {
      return static_cast<int64_t>(*side);
    }
    refuse_row(fmt::format("\"{}\" is no side of an image", printable(value(column))), "give pixels, an integer");
  }

  // Open Images gives the name without its suffix.
  std::string file_name() const {
    std::string name(value(Column::file));
    if (!by_id_ || reading_.options().images.empty()) return name;
    for (const char* suffix : {"", ".jpg", ".jpeg", ".png"}) {
      std::error_code error;
      if (fs::is_regular_file(reading_.options().images / (name + suffix), error)) return name + suffix;
    }
    return name + ".jpg";
  }

  size_t image_of_row() {
    const std::string name = file_name();
    const auto [found, first] = images_.try_emplace(name, reading_.set().images.size());
    const int64_t width = side(Column::width), height = side(Column::height);
    if ((width > 0) != (height > 0)) refuse_row("gives one side of the image alone", "give both, or none");
    const std::string here = fmt::format("{}:{}", place_, rows_.line());
    const SetPart part = reading_.part(value(Column::part), here);
    if (first) {
      SetImage image;
      image.name = name;
      image.width = width;
      image.height = height;
      image.part = part;
      reading_.add_image(std::move(image), here);
      return found->second;
    }
    const SetImage& image = reading_.set().images[found->second];
    if ((width > 0 && width != image.width) || (height > 0 && height != image.height) || part != image.part) {
      refuse_row(fmt::format("{} has another size or part in an earlier row", printable(name)), "make the rows agree");
    }
    return found->second;
  }

  double corner(Column column, int64_t size) const {
    const std::optional<double> number = number_in(value(column));
    if (!number) refuse_row(fmt::format("\"{}\" is no corner of a box", printable(value(column))), "give a number");
    return relative_ ? *number * static_cast<double>(size) : *number;
  }

  void add_row() {
    SetImage& image = reading_.set().images[image_of_row()];
    const std::string here = fmt::format("{}:{}", place_, rows_.line());
    if (all_empty({Column::label, Column::x1, Column::y1, Column::x2, Column::y2})) {
      if (all_empty({Column::crowd, Column::difficult, Column::truncated, Column::occluded, Column::pose})) return;
      reading_.leave_out("flags and poses in rows without a box", here);
      return;
    }
    SetObject object;
    object.category = reading_.category(value(Column::label), here);
    object.box = {corner(Column::x1, image.width), corner(Column::y1, image.height), corner(Column::x2, image.width),
                  corner(Column::y2, image.height)};
    object.crowd = flag(Column::crowd);
    object.difficult = flag(Column::difficult);
    object.truncated = flag(Column::truncated);
    object.occluded = flag(Column::occluded);
    object.pose = std::string(value(Column::pose));
    reading_.add_object(image, std::move(object), here);
  }

  bool all_empty(std::initializer_list<Column> columns) const {
    return std::all_of(columns.begin(), columns.end(), [&](Column column) { return trimmed(value(column)).empty(); });
  }

  // Open Images has -1 where nobody has looked.
  bool flag(Column column) const {
    const std::string_view text = trimmed(value(column));
    if (text.empty() || text == "-1") return false;
    if (const std::optional<bool> flag = flag_in(text)) return *flag;
    refuse_row(fmt::format("\"{}\" is no flag", printable(text)), "give 0 or 1");
  }

  CsvRows rows_;
  std::string place_;
  SetReading& reading_;
  std::vector<std::string> fields_;
  size_t columns_ = 0;
  std::array<int, kColumns> at_{};  // of each column in a row; -1: not there
  bool relative_ = false, by_id_ = false;
  std::unordered_map<std::string, size_t> images_;
};

}  // namespace

void parse_csv_set(std::string_view text, std::string_view place, SetReading& reading) {
  CsvSetReader(text, place, reading).read();
}

ReadSet read_csv_set(const fs::path& source, const ReadSetOptions& options) {
  std::error_code error;
  const fs::path file = fs::is_directory(source, error) ? source / "annotations.csv" : source;
  SetReading reading(options);
  parse_csv_set(reading.text_of(file), printable(file.string()), reading);
  return reading.take();
}

}  // namespace spinenet::data
