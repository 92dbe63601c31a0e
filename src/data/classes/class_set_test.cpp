#include "data/classes/class_set.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/classes/classified_files.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

template <class Action>
std::string class_set_message(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void expect_parts(const std::string& message, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) EXPECT_NE(message.find(part), std::string::npos) << message;
}

class ImageFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / fmt::format("spinenet-image-folder-{}-{}", test->name(), ::getpid());
    fs::remove_all(folder_);
    add("set/pear/b.png");
    add("set/apple/2.png");
    add("set/apple/1.JPG");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void add(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    const image::Image image = image::make_image(4, 6, 90);
    fixture::put_file(folder_ / name, name.ends_with(".png") ? image::encode_png(image) : image::encode_jpeg(image));
  }
  std::string message() const {
    return class_set_message([&] { read_image_folder(folder_ / "set"); });
  }

  fs::path folder_;
};

TEST_F(ImageFolder, SubfoldersAreClassesInTheOrderOfTheirNames) {
  add("set/apple/deeper/0.png");
  fixture::put_file(folder_ / "set/apple/notes.txt", "not an image");
  fixture::put_file(folder_ / "set/.DS_Store", "hidden");
  add("set/.trash/x.png");
  const ClassSet set = read_image_folder(folder_ / "set");
  ASSERT_EQ(set.classes.size(), 2U);
  EXPECT_EQ(set.classes[0].name, "apple");
  EXPECT_EQ(set.classes[1].id, 1);
  ASSERT_EQ(set.images.size(), 4U);
  EXPECT_EQ(set.images[0].file_name, "apple/1.JPG");
  EXPECT_EQ(set.images[2].file_name, "apple/deeper/0.png");
  EXPECT_EQ(set.images[3].file_name, "pear/b.png");
  EXPECT_EQ(set.images[3].label, 1);
  EXPECT_EQ(set.images[3].id, 4);
}

// Told by the content, as for every command (image/image_folder_test.cpp).
TEST_F(ImageFolder, NamesOfFilesDoNotMatter) {
  const std::string png = image::encode_png(image::make_image(4, 6, 90));
  for (const char* name : {"x.jfif", "y", "z.txt", "w.tiff"}) fixture::put_file(folder_ / "set/pear" / name, png);
  fixture::put_file(folder_ / "set/pear/._b.png", png);
  fixture::put_file(folder_ / "set/pear/page.jpg", "<html>");
  fixture::put_file(folder_ / "set/beside.png", png);
  testing::internal::CaptureStderr();
  const ClassSet set = read_image_folder(folder_ / "set");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(set.images.size(), 3U + 4U);
  expect_parts(log, {"set: 7 images; 3 passed over: 1 hidden (._b.png); 1 no image (page.jpg); 1 outside the folders "
                     "of the classes (beside.png)"});
}

TEST_F(ImageFolder, AClassWithoutImagesIsNamed) {
  fs::create_directories(folder_ / "set/plum");
  expect_parts(message(), {"set/plum", "\"plum\" has no image", "remove the folder"});
  fixture::put_file(folder_ / "set/plum/a.gif", "GIF89a");
  expect_parts(message(), {"\"plum\" has no image", "1 GIF, which is not read (a.gif)"});
}

TEST_F(ImageFolder, AFolderWithoutClassesIsRefused) {
  expect_parts(class_set_message([&] { read_image_folder(folder_ / "set/apple"); }), {"set/apple", "no subfolder"});
  expect_parts(class_set_message([&] { read_image_folder(folder_ / "nowhere"); }), {"nowhere", "no such folder"});
}

TEST_F(ImageFolder, LinksMustStayInside) {
  add("outside.png");
  fs::create_symlink(folder_ / "set/pear/b.png", folder_ / "set/apple/inside.png");
  EXPECT_EQ(read_image_folder(folder_ / "set").images.size(), 4U);
  fs::create_symlink(folder_ / "outside.png", folder_ / "set/apple/out.png");
  expect_parts(message(), {"apple/out.png", "leads out of the image folder", "remove the link"});
  fs::remove(folder_ / "set/apple/out.png");
  fs::create_directory_symlink(folder_ / "set/pear", folder_ / "set/apple/loop");
  expect_parts(message(), {"apple/loop", "not followed"});
}

TEST_F(ImageFolder, ClassNamesAreUtf8) {
  add("set/m\xC3\xBCsli/1.png");
  EXPECT_EQ(read_image_folder(folder_ / "set").classes.size(), 3U);
  for (const char* name : {"set/m\xFCsli", "set/\xC0\xAF", "set/\xED\xA0\x80", "set/caf\xC3"}) {
    add(std::string(name) + "/1.png");
    expect_parts(message(), {"class folder", "is not UTF-8", "rename the folder"});
    EXPECT_TRUE(is_utf8(message())) << "bytes are written out";
    fs::remove_all(folder_ / name);
  }
  add("set/pear/m\xFCsli.png");
  EXPECT_EQ(read_image_folder(folder_ / "set").images.size(), 5U) << "names of files go into no model";
}

// As in a folder without classes (image/image_folder_test.cpp).
TEST_F(ImageFolder, WhatIsNoRegularFileIsPassedOverAndCounted) {
  ASSERT_EQ(::mkfifo((folder_ / "set/pear/pipe.png").c_str(), 0600), 0);
  fs::create_symlink("pipe.png", folder_ / "set/pear/to_pipe.png");
  fs::create_symlink("gone.png", folder_ / "set/apple/gone.png");
  fs::create_symlink("self.png", folder_ / "set/apple/self.png");
  testing::internal::CaptureStderr();
  const ClassSet set = read_image_folder(folder_ / "set");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(set.images.size(), 3U);
  expect_parts(log, {"set: 3 images; ", "4 no regular file (gone.png, self.png, pipe.png, ...)"});
}

TEST_F(ImageFolder, NoRegularFileIsWaitedFor) {
  fs::create_symlink("/dev/zero", folder_ / "set/pear/zero.jpg");
  expect_parts(message(), {"pear/zero.jpg", "leads out of the image folder"});
  fs::remove(folder_ / "set/pear/zero.jpg");
  const ClassifiedFiles files(read_image_folder(folder_ / "set"), folder_ / "set");
  fs::remove(folder_ / "set/pear/b.png");
  ASSERT_EQ(::mkfifo((folder_ / "set/pear/b.png").c_str(), 0600), 0);
  expect_parts(class_set_message([&] { files.get(2); }), {"pear/b.png", "is a named pipe"});
}

TEST_F(ImageFolder, ImagesAreReadWithTheirLabels) {
  const ClassifiedFiles files(read_image_folder(folder_ / "set"), folder_ / "set");
  EXPECT_EQ(files.size(), 3);
  const LabelledImage sample = files.get(2);
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(sample.image_id, 3);
  EXPECT_EQ(sample.image.width, 6);
  fixture::put_file(folder_ / "set/pear/b.png", "not an image");
  expect_parts(class_set_message([&] { files.get(2); }), {"set/pear/b.png"});
  fs::remove(folder_ / "set/pear/b.png");
  expect_parts(class_set_message([&] { files.get(2); }), {"set/pear/b.png"});
}

constexpr std::string_view kImages = R"({"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"b.jpg"})";
constexpr std::string_view kAnnotations =
    R"({"id":1,"image_id":1,"category_id":7},{"id":2,"image_id":2,"category_id":3})";
constexpr std::string_view kCategories =
    R"({"id":3,"name":"Malus","supercategory":"Plants","family":"Rosaceae"},{"id":7,"name":"Agaricus",)"
    R"("supercategory":"Fungi","family":"Agaricaceae"})";

std::string json(std::string_view images = kImages, std::string_view annotations = kAnnotations,
                 std::string_view categories = kCategories) {
  return fmt::format(R"({{"images":[{}],"annotations":[{}],"categories":[{}]}})", images, annotations, categories);
}

std::string message_of_json(const std::string& text) {
  return class_set_message([&] { parse_class_json(text, "set.json"); });
}

TEST(ClassJson, KeepsIdsNamesAndGroups) {
  const ClassSet set = parse_class_json(json(), "set.json");
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].label, 1);
  EXPECT_EQ(set.images[1].label, 0);
  EXPECT_EQ(set.classes[1].id, 7);
  EXPECT_EQ(set.classes[0].supercategory, "Plants");
  EXPECT_EQ(parse_class_json(json(), "set.json", {.group_key = "family", .limits = {}}).classes[1].supercategory,
            "Agaricaceae");
}

TEST(ClassJson, FaultsHavePlaceAndRemedy) {
  expect_parts(message_of_json("{"), {"set.json", "D001"});
  expect_parts(message_of_json("[]"), {"set.json", "not an object"});
  expect_parts(message_of_json(R"({"images":[],"annotations":[]})"), {"/categories", "is missing"});
  expect_parts(message_of_json(json(kImages, R"({"image_id":1,"category_id":8})")),
               {"/annotations/0/category_id", "no category has id 8"});
  expect_parts(message_of_json(json(kImages, R"({"image_id":9,"category_id":7})")),
               {"/annotations/0/image_id", "no image has id 9"});
  expect_parts(message_of_json(json(kImages, R"({"image_id":"1","category_id":7})")), {"is a text"});
  expect_parts(message_of_json(json(R"({"id":1,"file_name":"a.jpg"},{"id":1,"file_name":"b.jpg"})")),
               {"/images/1/id", "used twice"});
  expect_parts(message_of_json(json(R"({"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"a.jpg"})")),
               {"/images/1/file_name", "\"a.jpg\" is used twice"});
  expect_parts(message_of_json(json(R"({"id":1,"file_name":"../a.jpg"},{"id":2,"file_name":"b.jpg"})")),
               {"/images/0/file_name", "image folder"});
  expect_parts(message_of_json(json(kImages, kAnnotations, R"({"id":3,"name":"x"},{"id":7,"name":"x"})")),
               {"/categories/1/name", "\"x\" is used twice", "own name"});
  expect_parts(message_of_json(json(kImages, kAnnotations, R"({"id":3,"name":"x"},{"id":3,"name":"y"})")),
               {"/categories/1/id", "used twice"});
}

TEST(ClassJson, NamesOfOtherTypesAreConvertedOrRefused) {
  const auto named = [](std::string_view name) {
    return json(kImages, kAnnotations, fmt::format(R"({{"id":3,"name":{}}},{{"id":7,"name":"x"}})", name));
  };
  EXPECT_EQ(parse_class_json(named("12"), "set.json").classes[0].name, "12");
  expect_parts(message_of_json(named("true")), {"/categories/0/name", "is a boolean", "a text is wanted"});
  expect_parts(message_of_json(named("1.5")), {"/categories/0/name", "1.5"});
  expect_parts(message_of_json(named("null")), {"/categories/0/name", "missing"});
  expect_parts(message_of_json(json(kImages, R"({"image_id":true,"category_id":7})")), {"image_id", "is a boolean"});
}

TEST(ClassJson, AImageHasOneClass) {
  expect_parts(message_of_json(json(kImages, R"({"image_id":1,"category_id":7},{"image_id":1,"category_id":3})")),
               {"/annotations/1/category_id", "a.jpg", "one class"});
  expect_parts(message_of_json(json(kImages, R"({"image_id":1,"category_id":7})")),
               {"image 2 (b.jpg) has no annotation", "annotate it"});
}

TEST(ClassSets, EmptyClassesAreNamed) {
  const ClassSet set{{{0, "apple", ""}, {1, "pear", ""}}, {{1, "a.png", 0}}};
  expect_parts(class_set_message([&] { check_no_empty_class(set, "train.json"); }),
               {"train.json", "1 of 2 classes", "\"pear\"", "add images"});
}

TEST(ClassSets, ClassesOfAnotherSetAreMatchedByName) {
  const std::vector<detect::Category> train{{5, "apple", "fruit"}, {6, "pear", "fruit"}, {9, "milk", ""}};
  const ClassSet val{{{0, "milk", ""}, {1, "pear", ""}}, {{1, "a", 0}, {2, "b", 1}}};
  const ClassSet same = with_classes_of(train, val, false, "val");
  EXPECT_EQ(same.images[0].label, 2);
  EXPECT_EQ(same.images[1].label, 1);
  EXPECT_EQ(same.classes.size(), 3U);
  expect_parts(class_set_message([&] { with_classes_of(train, val, true, "val.json"); }),
               {"val.json", "\"milk\" has id 0", "it has id 9"});
  const ClassSet other{{{0, "aple", ""}}, {{1, "a", 0}}};
  expect_parts(class_set_message([&] { with_classes_of(train, other, false, "val"); }),
               {"\"aple\" is not among", "did you mean \"apple\"?"});
  const ClassSet unused{{{0, "quince", ""}}, {}};
  EXPECT_NO_THROW(with_classes_of(train, unused, false, "val"));
}

TEST(ClassSets, HoldsOutAShareOfEachClass) {
  ClassSet set{{{0, "a", ""}, {1, "b", ""}, {2, "c", ""}}, {}};
  for (int i = 0; i < 31; ++i) set.images.push_back({i, std::to_string(i), i < 20 ? 0 : (i < 30 ? 1 : 2)});
  const auto [stays, held] = hold_out(set, 0.2);
  std::vector<int> count(3);
  for (const ClassifiedImage& picture : held.images) ++count[static_cast<size_t>(picture.label)];
  EXPECT_EQ(count, (std::vector<int>{4, 2, 0}));
  EXPECT_EQ(stays.images.size() + held.images.size(), 31U);
  set.images.resize(1);
  expect_parts(class_set_message([&] { hold_out(set, 0.5); }), {"data.hold_out", "too few images"});
}

}  // namespace
}  // namespace spinenet::data
