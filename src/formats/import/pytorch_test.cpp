#include "formats/import/pytorch.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/import/pytorch_fixture.h"

namespace spinenet::formats {
namespace {

namespace pk = fixture::pickle;

SourceTensors read_bytes(const std::string& bytes) {
  return read_pytorch(FileBytes::of(bytes, "a.pth"));
}

std::string pytorch_refusal(const std::string& bytes) {
  try {
    read_bytes(bytes);
  } catch (const Error& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("a.pth")) << error.what();
    return error.what();
  }
  return "read";
}

const std::vector<float> kSix{0, 1, 2, 3, 4, 5};

pk::Tensor matrix() {
  return {.storage_count = 6, .shape = {2, 3}, .strides = {3, 1}};
}

std::string zip_of(const pk::Entries& entries) {
  return fixture::pytorch_zip(pk::dict(entries), {{"0", fixture::bytes_of(kSix)}});
}

TEST(Pytorch, BothLayoutsGiveTheSameTensors) {
  for (const bool old : {false, true}) {
    const std::string object = pk::dict({{"a.weight", pk::tensor(matrix(), old)}});
    const fixture::Storages storages{{"0", fixture::bytes_of(kSix)}};
    const std::string bytes = old ? fixture::pytorch_row(object, storages) : fixture::pytorch_zip(object, storages);
    EXPECT_TRUE(is_pytorch(*FileBytes::of(bytes, "a")));
    const SourceTensors source = read_bytes(bytes);
    EXPECT_EQ(source.format, old ? "PyTorch (before 1.6)" : "PyTorch (ZIP)");
    ASSERT_EQ(source.tensors.size(), 1U);
    const SourceTensor& tensor = source.tensors.at("a.weight");
    EXPECT_EQ(tensor.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(tensor.type, "F32");
    EXPECT_EQ(tensor.read(), kSix);
    EXPECT_EQ(read_tensor(source, "a.weight").data, kSix);
    EXPECT_THROW(read_tensor(source, "b"), Error);
  }
}

TEST(Pytorch, ViewsShareAStorage) {
  const SourceTensors source = read_bytes(zip_of({
      {"turned", pk::tensor({.storage_count = 6, .shape = {3, 2}, .strides = {1, 3}})},
      {"part", pk::tensor({.storage_count = 6, .shape = {2}, .strides = {1}, .offset = 3})},
      {"apart", pk::tensor({.storage_count = 6, .shape = {2, 2}, .strides = {3, 2}, .offset = 0})},
      {"scalar", pk::tensor({.storage_count = 6, .shape = {}, .strides = {}, .offset = 5})},
      {"empty", pk::tensor({.storage_count = 6, .shape = {0, 7}, .strides = {7, 1}, .offset = 6})},
  }));
  EXPECT_EQ(source.tensors.at("turned").read(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(source.tensors.at("part").read(), (std::vector<float>{3, 4}));
  EXPECT_EQ(source.tensors.at("apart").read(), (std::vector<float>{0, 2, 3, 5}));
  EXPECT_EQ(source.tensors.at("scalar").read(), (std::vector<float>{5}));
  EXPECT_TRUE(source.tensors.at("empty").read().empty());
}

TEST(Pytorch, OtherTypesBecomeFloats) {
  const auto one = [](const std::string& type, const std::string& bytes) {
    const pk::Tensor tensor{.storage_count = 2, .shape = {2}, .strides = {1}, .type = type};
    return read_bytes(fixture::pytorch_zip(pk::dict({{"t", pk::tensor(tensor)}}), {{"0", bytes}}))
        .tensors.at("t")
        .read();
  };
  const std::vector<float> wanted{1.5F, -2};
  EXPECT_EQ(one("HalfStorage", fixture::bytes_of<uint16_t>({0x3E00, 0xC000})), wanted);
  EXPECT_EQ(one("BFloat16Storage", fixture::bytes_of<uint16_t>({0x3FC0, 0xC000})), wanted);
  EXPECT_EQ(one("DoubleStorage", fixture::bytes_of<double>({1.5, -2})), wanted);
  EXPECT_EQ(one("LongStorage", fixture::bytes_of<int64_t>({7, -2})), (std::vector<float>{7, -2}));
  EXPECT_EQ(one("BoolStorage", fixture::bytes_of<uint8_t>({1, 0})), (std::vector<float>{1, 0}));
}

// As torch.Tensor.expand leaves it: nobody may want it, and who does has the value as often as the sizes say.
TEST(Pytorch, AStrideOfZeroRepeatsAValue) {
  const SourceTensors source = read_bytes(zip_of({
      {"w", pk::tensor(matrix())},
      {"one", pk::tensor({.storage_count = 6, .shape = {9}, .strides = {0}, .offset = 2})},
      {"rows", pk::tensor({.storage_count = 6, .shape = {2, 3, 2}, .strides = {0, 1, 3}})},
      {"endless", pk::tensor({.storage_count = 6, .shape = {int64_t{1} << 60}, .strides = {0}})},
  }));
  EXPECT_EQ(source.tensors.at("one").read(), std::vector<float>(9, 2));
  EXPECT_EQ(source.tensors.at("rows").read(), (std::vector<float>{0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5}));
  EXPECT_NE(source.tensors.at("endless").unreadable.find("repeats 6 values"), std::string::npos);
}

TEST(Pytorch, LooksInsideWrappersAndDropsThePrefixOfParallelModules) {
  const std::string inner = pk::dict({{"module.w", pk::tensor(matrix())}});
  for (const char* key :
       {"state_dict", "model", "state_dict_ema", "model_state_dict", "ema", "net", "ema_state_dict"}) {
    const SourceTensors source = read_bytes(zip_of({{"epoch", pk::integer(3)}, {key, inner}}));
    ASSERT_TRUE(source.tensors.contains("w")) << key;
    EXPECT_EQ(source.others.at("epoch"), "a number");
    EXPECT_EQ(source.opened, key);
    EXPECT_EQ(source.prefix, "module.");
  }
  // A count that is a tensor is no state_dict.
  const pk::Tensor count{.storage_count = 6, .shape = {}, .strides = {}};
  const SourceTensors counted = read_bytes(zip_of({{"epoch", pk::tensor(count)}, {"model_state_dict", inner}}));
  EXPECT_TRUE(counted.tensors.contains("w"));
  EXPECT_EQ(counted.tensors.size(), 1U);
  EXPECT_EQ(counted.others.at("epoch"), "a tensor");
  const SourceTensors twice = read_bytes(zip_of({{"model", pk::dict({{"state_dict", inner}})}}));
  EXPECT_EQ(twice.opened, "model, state_dict");
  // Averaged weights go before the others, which are listed.
  const std::string last = pk::dict({{"last", pk::tensor(matrix())}});
  const SourceTensors both = read_bytes(zip_of({{"state_dict", last}, {"state_dict_ema", inner}}));
  EXPECT_TRUE(both.tensors.contains("w"));
  EXPECT_EQ(both.others.at("state_dict"), "a dict of 1");
}

// Of what is before all names, that alone goes; a count of averages has none of it.
TEST(Pytorch, DropsWhatTrainingProgramsPutBeforeNames) {
  const auto names = [](const std::vector<std::string>& given) {
    pk::Entries entries;
    for (const std::string& name : given) entries.emplace_back(name, pk::tensor(matrix()));
    const SourceTensors source = read_bytes(zip_of(entries));
    std::vector<std::string> found{source.prefix};
    for (const auto& [name, tensor] : source.tensors) found.push_back(name);
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({"module.a", "module.b", "n_averaged"}), (Names{"module.", "a", "b", "n_averaged"}));
  EXPECT_EQ(names({"module.module.a"}), (Names{"module.module.", "a"}));
  EXPECT_EQ(names({"_orig_mod.a", "_orig_mod.b"}), (Names{"_orig_mod.", "a", "b"}));
  EXPECT_EQ(names({"module._orig_mod.a"}), (Names{"module._orig_mod.", "a"}));
  EXPECT_EQ(names({"model.a.w", "model.b"}), (Names{"model.", "a.w", "b"}));
  EXPECT_EQ(names({"module.a", "b"}), (Names{"", "b", "module.a"}));
  EXPECT_EQ(names({"n_averaged"}), (Names{"", "n_averaged"}));
}

TEST(Pytorch, WalksAWholeModule) {
  const auto module = [](const std::string& parameters, const std::string& modules) {
    return pk::call(pk::global("my.net", "Layer"), {}) +
           pk::dict({{"_parameters", parameters}, {"_buffers", pk::dict({})}, {"_modules", modules}}) + "b";
  };
  const std::string parameter =
      pk::call(pk::global("torch._utils", "_rebuild_parameter"), {pk::tensor(matrix()), "\x88", "N"});
  const std::string inner = module(pk::dict({{"weight", parameter}, {"bias", "N"}}), pk::dict({}));
  const SourceTensors source = read_bytes(
      fixture::pytorch_zip(module(pk::dict({}), pk::dict({{"conv", inner}})), {{"0", fixture::bytes_of(kSix)}}));
  ASSERT_EQ(source.tensors.size(), 1U);
  EXPECT_EQ(source.tensors.at("conv.weight").read(), kSix);
}

// Before 1.6 the class of a module is an object outside the pickle, as storages are.
TEST(Pytorch, WalksAWholeModuleOfTheOlderLayout) {
  const std::string id =
      pk::tuple({pk::text("module"), pk::global("my.net", "Net"), pk::text("net.py"), pk::text("class Net: ...")});
  const std::string module =
      pk::call(id + "Q", {}) +
      pk::dict({{"_parameters", pk::dict({{"weight", pk::tensor(matrix(), true)}})}, {"_modules", pk::dict({})}}) + "b";
  const fixture::Storages storages{{"0", fixture::bytes_of(kSix)}};
  const SourceTensors source = read_bytes(fixture::pytorch_row(module, storages));
  EXPECT_EQ(source.tensors.at("weight").read(), kSix);
  const std::string other = pk::dict({{"w", pk::tensor(matrix(), true)}, {"thing", pk::call(id + "Q", {})}});
  const SourceTensors beside = read_bytes(fixture::pytorch_row(other, storages));
  EXPECT_EQ(beside.tensors.at("thing").unreadable, "an object that depends on my.net.Net, which is not run");
}

TEST(Pytorch, TheOlderLayoutIsKnownInEveryProtocol) {
  const std::string object = pk::dict({{"w", pk::tensor(matrix(), true)}});
  const std::string bytes = fixture::pytorch_row(object, {{"0", fixture::bytes_of(kSix)}});
  for (const char protocol : {'\x03', '\x04', '\x05'}) {
    std::string other = bytes;
    other[1] = protocol;
    // The first pickle is one frame since protocol 4: PROTO, FRAME and its length, LONG1 and STOP.
    if (protocol > 3) other.insert(2, "\x95" + fixture::number_bytes(uint64_t{13}));
    ASSERT_TRUE(is_pytorch(*FileBytes::of(other, "a")));
    EXPECT_EQ(read_bytes(other).tensors.at("w").read(), kSix);
  }
  const std::string text = "L119547037146038801333356L\n.L1001L\n.";
  EXPECT_TRUE(is_pytorch(*FileBytes::of(text, "a")));
  EXPECT_NE(pytorch_refusal(text).find("protocol 0 or 1"), std::string::npos) << pytorch_refusal(text);
  EXPECT_NE(pytorch_refusal(text).find("pickle_protocol=2"), std::string::npos);
}

// A name of a module is repeated in that of each of its parameters.
TEST(Pytorch, LongNamesThatAreRepeatedAreRefused) {
  pk::Entries parameters;
  parameters.emplace_back("p", pk::tensor(matrix()));
  for (int i = 0; i < 200; ++i) parameters.emplace_back(std::to_string(i), "h\x07");
  parameters.front().second += "q\x07";
  const auto module = [](const std::string& own, const std::string& modules) {
    return pk::call(pk::global("a", "B"), {}) + pk::dict({{"_parameters", own}, {"_modules", modules}}) + "b";
  };
  const auto bytes_with = [&](size_t length) {
    const std::string inner = module(pk::dict(parameters), pk::dict({}));
    return fixture::pytorch_zip(module(pk::dict({}), pk::dict({{std::string(length, 'a'), inner}})),
                                {{"0", fixture::bytes_of(kSix)}});
  };
  EXPECT_EQ(read_bytes(bytes_with(100)).tensors.size(), 201U);
  EXPECT_NE(pytorch_refusal(bytes_with(100'000)).find("names have more than 16000000 bytes"), std::string::npos);
}

// Nothing is run, the name is told, and only who wants the value is refused.
TEST(Pytorch, AForeignGlobalIsNamedAndNotRun) {
  const std::filesystem::path trace = std::filesystem::path(testing::TempDir()) / "spinenet_was_run";
  const std::string evil = pk::call(pk::global("os", "system"), {pk::text("touch " + trace.string())});
  const SourceTensors source = read_bytes(zip_of({{"good", pk::tensor(matrix())}, {"evil", evil}}));
  EXPECT_EQ(source.tensors.at("good").read(), kSix);
  EXPECT_NE(source.tensors.at("evil").unreadable.find("os.system, which is not run"), std::string::npos);
  try {
    source.tensors.at("evil").read();
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("tensor \"evil\""), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("os.system"), std::string::npos) << error.what();
  }
  const std::string alone = pytorch_refusal(fixture::pytorch_zip(evil, {}));
  EXPECT_NE(alone.find("depends on os.system, which is not run"), std::string::npos) << alone;
  EXPECT_FALSE(std::filesystem::exists(trace));
}

// As torch saves a view that it has not computed yet: the storage has the opposite.
TEST(Pytorch, NegatedViewsAreUnreadable) {
  const auto with = [](const std::string& value) {
    return pk::call(pk::global("torch._utils", "_rebuild_tensor_v2"),
                    {pk::storage(matrix(), false), pk::integer(0), pk::integers({2, 3}), pk::integers({3, 1}), "\x89",
                     pk::dict({}), pk::dict({{"neg", value}})});
  };
  const SourceTensors source = read_bytes(zip_of({{"w", with("\x89")}, {"negated", with("\x88")}}));
  EXPECT_EQ(source.tensors.at("w").read(), kSix);
  EXPECT_EQ(source.tensors.at("negated").unreadable, "is a negated or conjugated view");
}

TEST(Pytorch, UnknownElementsAreUnreadable) {
  const pk::Tensor complex{.storage_count = 1, .shape = {1}, .strides = {1}, .type = "ComplexFloatStorage"};
  const SourceTensors source = read_bytes(zip_of({{"w", pk::tensor(matrix())}, {"c", pk::tensor(complex)}}));
  EXPECT_NE(source.tensors.at("c").unreadable.find("torch.ComplexFloatStorage"), std::string::npos);
}

TEST(Pytorch, TensorsBeyondTheirStorageAreRefused) {
  const std::vector<pk::Tensor> wrong{
      {.storage_count = 6, .shape = {2, 3}, .strides = {4, 1}},
      {.storage_count = 6, .shape = {2, 3}, .strides = {3, 1}, .offset = 1},
      {.storage_count = 6, .shape = {2, 3}, .strides = {-3, 1}},
      {.storage_count = 6, .shape = {-2, 3}, .strides = {3, 1}},
      {.storage_count = 6, .shape = {2, 3}, .strides = {3}},
      {.storage_count = 6, .shape = {int64_t{1} << 62, int64_t{1} << 62}, .strides = {1, 1}},
      {.storage_count = 6, .shape = {2}, .strides = {INT64_MAX}, .offset = INT64_MAX},
      {.storage_count = 7, .shape = {7}, .strides = {1}},
      {.storage_count = INT64_MAX, .shape = {7}, .strides = {1}},
      {.key = "1", .storage_count = 6, .shape = {2, 3}, .strides = {3, 1}},
  };
  for (const pk::Tensor& tensor : wrong) {
    const std::string refusal = pytorch_refusal(zip_of({{"w", pk::tensor(tensor)}}));
    EXPECT_NE(refusal.find("\"w\""), std::string::npos) << refusal;
    const std::string row = pytorch_refusal(
        fixture::pytorch_row(pk::dict({{"w", pk::tensor(tensor, true)}}), {{"0", fixture::bytes_of(kSix)}}));
    EXPECT_NE(row, "read");
  }
}

// However much of the end is missing, and whichever byte is another one.
TEST(Pytorch, DamagedFilesAreRefusedOrReadInBounds) {
  for (const bool old : {false, true}) {
    const std::string object = pk::dict({{"w", pk::tensor(matrix(), old)}});
    const fixture::Storages storages{{"0", fixture::bytes_of(kSix)}};
    const std::string whole = old ? fixture::pytorch_row(object, storages) : fixture::pytorch_zip(object, storages);
    for (size_t length = 0; length < whole.size(); ++length) {
      EXPECT_NE(pytorch_refusal(whole.substr(0, length)), "read") << length;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string other = whole;
      other[at] = static_cast<char>(other[at] ^ 0x41);
      try {
        const SourceTensors source = read_bytes(other);
        for (const auto& [name, tensor] : source.tensors) {
          if (!tensor.unreadable.empty()) continue;
          EXPECT_EQ(static_cast<int64_t>(tensor.read().size()), element_count(tensor.shape));
        }
      } catch (const Error&) {
      }
    }
  }
}

TEST(Pytorch, ADamagedStorageIsFoundByItsChecksum) {
  std::string bytes = zip_of({{"w", pk::tensor(matrix())}});
  const size_t at = bytes.find(fixture::bytes_of(kSix));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] = 'x';
  EXPECT_NE(pytorch_refusal(bytes).find("checksum of entry archive/data/0"), std::string::npos)
      << pytorch_refusal(bytes);
}

TEST(Pytorch, OtherFilesAreToldWhatTheyAre) {
  EXPECT_NE(pytorch_refusal(fixture::zip_file({{"a/b.txt", "text"}})).find("without data.pkl"), std::string::npos);
  EXPECT_NE(pytorch_refusal(fixture::zip_file({{"a/data.pkl", "x"}}, 8)).find("compressed"), std::string::npos);
  const std::string big = fixture::zip_file({{"a/data.pkl", pk::whole("N")}, {"a/byteorder", "big"}});
  EXPECT_NE(pytorch_refusal(big).find("big-endian"), std::string::npos);
  const std::string script = fixture::zip_file({{"a/constants.pkl", ")."}, {"a/data.pkl", pk::whole("N")}});
  EXPECT_NE(pytorch_refusal(script).find("TorchScript"), std::string::npos);
  EXPECT_NE(pytorch_refusal(fixture::zip_file({{"a/code/net.py", "x"}}, 8)).find("TorchScript"), std::string::npos);
  const std::string tar = std::string(257, 'a') + "ustar";
  EXPECT_NE(pytorch_refusal(tar).find("tar file"), std::string::npos);
  EXPECT_NE(pytorch_refusal(zip_of({{"epoch", pk::integer(1)}, {"loss", pk::text("x")}})).find("epoch, loss"),
            std::string::npos);
  EXPECT_FALSE(is_pytorch(*FileBytes::of("something", "a")));
}

// Modules and wrappers that lie in each other.
TEST(Pytorch, CyclesEnd) {
  const std::string cycle = "}q\x01(" + pk::text("state_dict") + "h\x01" + pk::text("model") + "h\x01u";
  EXPECT_NE(pytorch_refusal(fixture::pytorch_zip(cycle, {})).find("holds no mapping"), std::string::npos);
  const std::string module =
      pk::call(pk::global("a", "B"), {}) + "q\x01" +
      pk::dict({{"_parameters", pk::dict({})}, {"_modules", pk::dict({{"x", "h\x01"}, {"y", "h\x01"}})}}) + "b";
  EXPECT_NE(pytorch_refusal(fixture::pytorch_zip(module, {})), "read");
}

}  // namespace
}  // namespace spinenet::formats
