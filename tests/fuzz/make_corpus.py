#!/usr/bin/env python3
"""Writes the kept corpora checkpoint, choices, class_json, convert, darknet, idx, image, mask, pickle, pytorch, recipe,
safetensors, study and tensor_bundle beside this script: one small input for each way through.

Needs: Python 3.11 and pip install pillow. study/whole.study is what fuzz_study leaves in TMPDIR. The other corpora were
written by hand or kept from a find.
"""

import collections
import gzip
import io
import json
import pathlib
import pickle
import random
import sqlite3
import struct
import zipfile
import zlib

from PIL import Image

CORPUS = pathlib.Path(__file__).parent / "corpus"


def keep(name, data):
    path = CORPUS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


# Images.


def make_image(mode, width=19, height=13):
    source = random.Random(1)
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = bytes((x * 7 + y * 11 + c * 50 + source.randrange(16)) % 256
                   for y in range(height) for x in range(width) for c in range(channels))
    return Image.frombytes(mode, (width, height), pixels)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation, order="<"):
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(order + "HIH", 42, 8, 1) + entry + struct.pack(order + "I", 0)


def make_jpegs():
    for mode, name in (("RGB", "colour"), ("L", "grey"), ("CMYK", "cmyk")):
        keep(f"image/{name}.jpg", saved(make_image(mode), "JPEG", quality=60))
    for sampling in (0, 1, 2):
        keep(f"image/sampling{sampling}.jpg", saved(make_image("RGB"), "JPEG", quality=50, subsampling=sampling))
    progressive = saved(make_image("RGB"), "JPEG", quality=60, progressive=True)
    keep("image/progressive.jpg", progressive)
    keep("image/progressive_grey.jpg", saved(make_image("L", 9, 9), "JPEG", progressive=True))
    keep("image/restarts.jpg", saved(make_image("RGB", 40, 24), "JPEG", quality=40, restart_marker_blocks=2))
    keep("image/optimized.jpg", saved(make_image("RGB"), "JPEG", optimize=True, comment=b"a comment"))
    for orientation in (3, 6):
        order = "<" if orientation == 3 else ">"
        keep(f"image/turned{orientation}.jpg", saved(make_image("RGB"), "JPEG", exif=exif(orientation, order)))
    keep("image/cut.jpg", progressive[: len(progressive) * 2 // 3])
    keep("image/tail.jpg", saved(make_image("L", 8, 8), "JPEG") + b"bytes after the end")


def chunk(kind, data, right=True):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ (not right))


def png(width, height, depth, colour, rows, interlaced=0, before=()):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(rows)),
                     chunk(b"IEND", b"")])


def make_pngs():
    for mode, name in (("RGB", "colour"), ("L", "grey"), ("RGBA", "alpha"), ("LA", "grey_alpha"), ("P", "palette")):
        keep(f"image/{name}.png", saved(make_image(mode), "PNG"))
    keep("image/bits.png", saved(make_image("L").convert("1"), "PNG"))
    keep("image/grey16.png", png(3, 2, 16, 0, b"\0" + bytes(range(6)) + b"\1" + bytes(range(6, 12))))
    keep("image/colour16.png", png(2, 2, 16, 2, (b"\2" + bytes(range(12))) * 2))
    keep("image/filters.png", png(4, 5, 8, 0, b"".join(bytes([f, 1, 200, 3, f]) for f in range(5))))
    # Adam7 of 2x2 pixels: the passes 1, 6 and 7 have 1, 1 and 2 pixels.
    keep("image/interlaced.png", png(2, 2, 8, 0, b"\0\x10" + b"\0\x20" + b"\0\x30\x40", interlaced=1))
    keep("image/turned.png", png(3, 2, 8, 0, b"\0\1\2\3\0\4\5\6", before=[chunk(b"eXIf", exif(8)[6:])]))
    palette = chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\0\x80")
    keep("image/palette2.png", png(5, 1, 2, 3, b"\0\x1b\x40", before=[palette]))
    keep("image/wrong_check.png", png(1, 1, 8, 0, b"\0\1", before=[chunk(b"tEXt", b"a\0b", right=False)]))
    keep("image/huge.png", png(1 << 30, 1 << 30, 8, 2, b""))
    keep("image/cut.png", saved(make_image("RGB"), "PNG")[:-40])


def bmp(width, height, bits, rows, behind=b"", coding=0, colours=0):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, coding, 0, 0, 0, colours, 0)
    return struct.pack("<2sIII", b"BM", 0, 0, 54 + len(behind)) + header + behind + rows


def coloured(image):
    """With a palette of all its colours where it has one."""
    if image.mode == "P":
        image.putpalette(bytes((index * (7, 11, 13)[channel]) % 256 for index in range(256) for channel in range(3)))
    return image


def make_bmps():
    palette = bytes([1, 2, 3, 0, 4, 5, 6, 0])
    for mode, name in (("RGB", "colour"), ("L", "grey"), ("P", "palette"), ("1", "bits"), ("RGBA", "alpha")):
        image = make_image("L").convert("1") if mode == "1" else coloured(make_image(mode))
        keep(f"image/{name}.bmp", saved(image, "BMP"))
    keep("image/bits4.bmp", bmp(3, 1, 4, b"\x10\1\0\0", palette, colours=2))
    keep("image/downward.bmp", bmp(1, -2, 24, b"\1\2\3\0\4\5\6\0"))
    keep("image/bits16.bmp", bmp(1, 1, 16, b"\x1f\x7c\0\0"))
    keep("image/masks.bmp", bmp(1, 1, 16, b"\xe0\7\0\0", struct.pack("<3I", 0xF800, 0x7E0, 0x1F), coding=3))
    core = struct.pack("<2sIIIIHHHH", b"BM", 0, 0, 32, 12, 1, 1, 1, 1)
    keep("image/core.bmp", core + b"\1\2\3\4\5\6" + b"\x80\0\0\0")
    keep("image/runs.bmp", bmp(2, 1, 8, b"\2\1\0\1", palette, coding=1, colours=2))
    keep("image/huge.bmp", bmp(1 << 30, 1 << 30, 24, b""))
    keep("image/beyond_palette.bmp", bmp(1, 1, 8, b"\7\0\0\0", palette, colours=2))
    in_palette = bmp(1, 1, 8, b"\1\0\0\0", palette, colours=2)
    keep("image/pixels_in_palette.bmp", in_palette[:10] + struct.pack("<I", 54) + in_palette[14:])


def make_webps():
    keep("image/lossless.webp", saved(make_image("RGB"), "WEBP", lossless=True))
    keep("image/lossy.webp", saved(make_image("RGB"), "WEBP", quality=60))
    keep("image/alpha.webp", saved(make_image("RGBA"), "WEBP", lossless=True, exact=True))
    keep("image/lossy_alpha.webp", saved(make_image("RGBA"), "WEBP", quality=60))
    keep("image/turned.webp", saved(make_image("RGB"), "WEBP", lossless=True, exif=exif(6)))
    frames = [make_image("RGB", 5, 4), make_image("RGB", 5, 4).rotate(180)]
    keep("image/animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    keep("image/cut.webp", saved(make_image("RGB"), "WEBP", quality=60)[:-20])


def make_tiffs():
    for mode, name in (("RGB", "colour"), ("L", "grey"), ("RGBA", "alpha"), ("CMYK", "cmyk"), ("P", "palette"),
                       ("LAB", "lab")):
        keep(f"image/{name}.tif", saved(coloured(make_image(mode)), "TIFF"))
    keep("image/bits.tif", saved(make_image("L").convert("1"), "TIFF", compression="group4"))
    keep("image/grey16.tif", saved(Image.frombytes("I;16", (3, 2), bytes(range(12))), "TIFF"))
    for coding in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        keep(f"image/{coding}.tif", saved(make_image("RGB"), "TIFF", compression=coding))
    keep("image/turned.tif", saved(make_image("RGB"), "TIFF", tiffinfo={274: 6}))
    keep("image/strips.tif", saved(make_image("RGB"), "TIFF", tiffinfo={278: 4}, compression="tiff_lzw"))
    pages = [make_image("L"), make_image("RGB")]
    keep("image/pages.tif", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    whole = saved(make_image("RGB"), "TIFF")
    keep("image/cut.tif", whole[: len(whole) // 2])
    entries = ((256, 2), (257, 1), (258, 8), (259, 1), (262, 1), (273, 134), (277, 1), (278, 1), (279, 2), (339, 2))
    directory = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    keep("image/signed.tif", struct.pack("<2sHIH", b"II", 42, 8, 10) + directory + bytes(4) + b"\x80\1")
    keep("image/preview.tif", saved(make_image("L"), "TIFF", tiffinfo={254: 1}))


# Masks: height, width, four bytes of a ROI, then the text of the code, or bytes that are a polygon.


def make_masks():
    roi = bytes([4, 250, 60, 90])
    keep("mask/code", bytes([10, 12]) + roi + b"44O0001011O0^1")
    keep("mask/whole", bytes([6, 7]) + roi + b"0Z1")
    keep("mask/nothing", bytes([6, 7]) + roi + b"Z1")
    keep("mask/too_long", bytes([6, 7]) + roi + b"Z1Z1Z1")
    keep("mask/triangle", bytes([30, 20]) + roi + struct.pack("<6d", 2.5, 3, 17, 4.25, 8, 28.5))
    keep("mask/beyond", bytes([30, 20]) + roi + struct.pack("<8d", -5, -5, 500, -5, 500, 40, -5, 40))
    odd = struct.pack("<6d", 1, float("nan"), 5, 1e300, -1e300, float("inf"))
    keep("mask/not_a_number", bytes([30, 20]) + roi + odd)
    keep("mask/two_points", bytes([9, 9]) + roi + struct.pack("<4d", 1, 1, 7, 7))


# Recipes, and settings of the form key=value.

RECIPES = {
    "whole": """# A recipe
epochs: 12
seed: 18446744073709551615
mirror: false
images: train/images
cache: null
mean: [0.485, 0.456, 4.06e-1]
classes: [cat, "dog", 'a: b', "\\u00fc \\x41 \\n"]
optimizer:
  rule: adamw
  rate: 1e-3
  clip: 35
""",
    "block_lists": """mean:
  - 1
  - .5
  - -2.5E+3
classes:
- one
-   two
- |
  kept
  lines
- >-
  folded
  lines
""",
    "flow": '{epochs: 3, optimizer: {rule: "sgd", rate: 0.1, clip: ~}, classes: []}\n',
    "comments": "\n# nothing\n---\nepochs: 1 # behind\n...\n",
    "unknown_key": "epoch: 3\noptimizer: {rat: 1}\n",
    "out_of_range": "epochs: 0\noptimizer: {rate: -1}\n",
    "wrong_type": "epochs: no\nmirror: 1.10\nmean: [1, 2]\nclasses: {a: b}\n",
    "twice": "seed: 1\nseed: 2\n",
    "anchor": "classes: &a [x]\nimages: *a\n",
    "tag": "images: !!binary aGVsbG8=\n",
    "tab": "optimizer:\n\trate: 1\n",
    "deep": "classes: " + "[" * 40 + "]" * 40 + "\n",
    "two_documents": "seed: 1\n---\nseed: 2\n",
    "number_keys": "1: 2\n? [a]\n: b\n",
    "set_number": "optimizer.rate=0.02",
    "set_text": "images=a = b: [c",
    "set_null": "optimizer.clip=null",
    "set_list": "mean=[0.5, inf, nan]",
    "set_unknown": "optimiser.rate=1",
    "set_nothing": "epochs=",
}


def make_recipes():
    for name, text in RECIPES.items():
        keep(f"recipe/{name}", text)
    keep("recipe/not_utf8", b"images: \xff\xfe\n")


# safetensors files and models.


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def make_safetensors():
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
             "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
    header, end = {"__metadata__": {"note": "each type"}}, 0
    for dtype, size in sizes.items():
        header[dtype.lower()] = {"dtype": dtype, "shape": [2], "data_offsets": [end, end + 2 * size]}
        end += 2 * size
    keep("safetensors/types", safetensors(header, bytes(i % 2 for i in range(end))))
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    keep("safetensors/scalar", safetensors({"s": {**one, "shape": []}}, b"\0\0\x80\x3f"))
    keep("safetensors/none", safetensors({"e": {"dtype": "F32", "shape": [0, 4], "data_offsets": [0, 0]}}))
    keep("safetensors/only_metadata", safetensors({"__metadata__": {"a": "b"}}))
    keep("safetensors/spaces", safetensors(json.dumps({"a": one}).encode() + b"     ", b"\0" * 4))
    keep("safetensors/hole", safetensors({"a": {**one, "data_offsets": [4, 8]}}, b"\0" * 8))
    keep("safetensors/overlap", safetensors({"a": one, "b": one}, b"\0" * 4))
    keep("safetensors/too_long", safetensors({"a": one}, b"\0" * 5))
    keep("safetensors/overflow", safetensors({"a": {**one, "shape": [1 << 32, 1 << 32]}}, b"\0" * 4))
    keep("safetensors/twice", safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":1}', b"\0" * 4))
    keep("safetensors/unknown_type", safetensors({"a": {**one, "dtype": "F8_E4M3"}}, b"\0" * 4))
    keep("safetensors/long_header", struct.pack("<Q", 1 << 62) + b"{}")
    keep("safetensors/checksum", safetensors({"__metadata__": {"checksum": "0", "header_checksum": "0"}}))
    metadata = {"format": "spinenet model", "format_version": "1", "architecture": '{"name":"x"}', "task": "detect",
                "classes": '[{"id":7,"name":"cat"}]', "image_size": "128", "mean": "[0.5,0.5,0.5]", "std": "[1,1,1]"}
    keep("safetensors/model", safetensors({"__metadata__": metadata, "w": one}, b"\0\0\x80\x3f"))
    for key, value in (("format_version", "2"), ("classes", "[]"), ("image_size", "0"), ("std", "[1,0,1]"),
                       ("architecture", "[]")):
        keep(f"safetensors/model_{key}", safetensors({"__metadata__": {**metadata, key: value}, "w": one}, b"\0" * 4))
    keep("safetensors/model_not_finite", safetensors({"__metadata__": metadata, "w": one}, b"\0\0\x80\x7f"))


# Checkpoints of PyTorch and Darknet.


class Named:
    """Pickled as a name of a class or function that need not exist here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Made:
    """Pickled as a call of a name."""

    def __init__(self, callee, *arguments, state=None):
        self.callee, self.arguments, self.state = callee, arguments, state


class Stored:
    """Pickled as an object outside the pickle."""

    def __init__(self, identity):
        self.identity = identity


class Writer(pickle._Pickler):
    """Python's own pickler in Python, so that names need not be importable."""

    def persistent_id(self, value):
        return value.identity if isinstance(value, Stored) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            self.write(f"c{value.module}\n{value.name}\n".encode())
        elif isinstance(value, Made):
            self.save(value.callee)
            self.save(tuple(value.arguments))
            self.write(pickle.REDUCE)
            if value.state is not None:
                self.save(value.state)
                self.write(pickle.BUILD)
        else:
            super().save(value, save_persistent_id)


def pickled(value, protocol=2):
    out = io.BytesIO()
    Writer(out, protocol).dump(value)
    return out.getvalue()


def stored(kind, key, count, *view):
    return Stored(("storage", Named("torch", kind), key, "cpu", count, *view))


def tensor(storage, size, stride, offset=0):
    return Made(Named("torch._utils", "_rebuild_tensor_v2"), storage, offset, size, stride, False,
                collections.OrderedDict())


def checkpoint(*view):
    floats = stored("FloatStorage", "0", 6, *view)
    return {"epoch": 3, "state_dict": collections.OrderedDict([
        ("module.a.weight", tensor(floats, (2, 3), (3, 1))),
        ("module.a.turned", tensor(floats, (3, 2), (1, 3))),
        ("module.b", Made(Named("torch._utils", "_rebuild_parameter"), tensor(floats, (), (), 5), True, None)),
        ("module.half", tensor(stored("HalfStorage", "1", 2, *view), (2,), (1,))),
        ("module.evil", Made(Named("os", "system"), "true")),
    ])}


DATA = {"0": struct.pack("<6f", *range(6)), "1": struct.pack("<2e", 1.5, -2)}


def pytorch_zip(value, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, content in {"data.pkl": pickled(value), "byteorder": b"little", "version": b"3\n",
                              **{f"data/{key}": data for key, data in DATA.items()}}.items():
            file.writestr(zipfile.ZipInfo(f"a/{name}"), content, compression)
    return out.getvalue()


def pytorch_row(value):
    sizes = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    data = struct.pack("<q", 6) + DATA["0"] + struct.pack("<q", 2) + DATA["1"]
    return b"".join([pickled(0x1950A86A20F9469CFC6C), pickled(1001), pickled(sizes), pickled(value),
                     pickled(["0", "1"])]) + data


def make_checkpoints():
    keep("pytorch/zip", pytorch_zip(checkpoint()))
    keep("pytorch/deflated", pytorch_zip(checkpoint(), zipfile.ZIP_DEFLATED))
    keep("pytorch/row", pytorch_row(checkpoint(None)))
    keep("pytorch/row_cut", pytorch_row(checkpoint(None))[:-7])
    layer = Made(Named("my", "Layer"), state={"_parameters": {"w": tensor(stored("FloatStorage", "0", 6), (6,), (1,))},
                                              "_buffers": {}, "_modules": {}})
    keep("pytorch/module", pytorch_zip(Made(Named("my", "Net"), state={"_parameters": {}, "_modules": {"a": layer}})))
    keep("pytorch/beyond", pytorch_zip({"w": tensor(stored("FloatStorage", "0", 6), (2, 3), (4, 1))}))
    keep("pickle/checkpoint", pickled(checkpoint()))
    values = [None, True, False, 1, 300, 70000, -1, 1 << 80, 0.5, "text", b"bytes", [1], (1, 2), {1, 2}, {"k": [{}]}]
    for protocol in (2, 3, 4, 5):
        keep(f"pickle/values{protocol}", pickled(values, protocol))
    keep("pickle/magic", pickled(0x1950A86A20F9469CFC6C))
    floats = struct.pack("<13f", *range(13))
    keep("darknet/long", struct.pack("<3iQ", 0, 2, 5, 7) + floats)
    keep("darknet/short", struct.pack("<3iI", 0, 1, 0, 7) + floats)
    keep("darknet/cut", struct.pack("<3iQ", 0, 2, 5, 7) + floats[:-3])
    header = {"w": {"dtype": "F16", "shape": [2, 1], "data_offsets": [0, 4]}}
    keep("darknet/safetensors", safetensors(header, DATA["1"]))



# TensorFlow's checkpoints: after a first byte the index, its keys and values, or the object graph.


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number_field(field, value):
    return varint(field << 3) + varint(value)


def bytes_field(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def table_block(entries):
    """Without shared beginnings of keys."""
    out = b"".join(b"\0" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    out += struct.pack("<II", 0, 1) + b"\0"
    return out + masked(crc32c(out))


def table(entries):
    data = table_block(entries)
    index = table_block([(entries[-1][0], varint(0) + varint(len(data) - 5))])
    handles = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    return data + index + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def bundle_entry(kind, shape, offset, size, more=b"", crc=0):
    dims = b"".join(bytes_field(2, number_field(1, extent)) for extent in shape)
    return (number_field(1, kind) + bytes_field(2, dims) + number_field(4, offset) + number_field(5, size) +
            varint(6 << 3 | 5) + masked(crc) + more)


def make_tensor_bundles():
    header = (b"", number_field(1, 1))
    zeros = bundle_entry(1, [2, 3], 0, 24, crc=crc32c(bytes(24)))
    graph = b"_CHECKPOINTABLE_OBJECT_GRAPH"
    bundles = {
        "one": [header, (b"a/kernel", zeros), (b"global_step", bundle_entry(9, [], 24, 8))],
        "types": [header] + [(b"t%02d" % kind, bundle_entry(kind, [1], 0, 8)) for kind in range(1, 24)],
        "beyond": [header, (b"a", bundle_entry(1, [1], 4096, 4))],
        "sliced": [header, (b"\0a", b""), (b"a", bundle_entry(1, [1], 0, 4, bytes_field(7, b"")))],
        "shape": [header, (b"a", bundle_entry(1, [1 << 40, 1 << 40], 0, 4))],
        "graph": [header, (graph, bundle_entry(7, [], 0, 5, crc=crc32c(bytes(4), crc32c(bytes(4)))))],
        "shards": [(b"", number_field(1, 2) + bytes_field(3, number_field(1, 1))), (b"a", zeros + number_field(3, 1))],
    }
    for name, entries in bundles.items():
        keep(f"tensor_bundle/index_{name}", b"\0" + table(entries))
        pairs = b"".join(varint(len(part)) + part for pair in entries for part in pair)
        keep(f"tensor_bundle/pairs_{name}", b"\1" + pairs)
    keep("tensor_bundle/index_empty", b"\0" + table([header])[:-60])
    variable = bytes_field(1, b"VARIABLE_VALUE") + bytes_field(2, b"conv2d/kernel") + bytes_field(3, b"a/kernel")
    slot = number_field(1, 1) + bytes_field(2, b"momentum") + number_field(3, 1)
    root = bytes_field(1, number_field(1, 1) + bytes_field(2, b"backbone")) + bytes_field(3, slot)
    keep("tensor_bundle/graph", b"\2" + bytes_field(1, root) + bytes_field(1, bytes_field(2, variable)))
    keep("tensor_bundle/graph_no_such_node", b"\2" + bytes_field(1, bytes_field(3, number_field(3, 9))))


# Data sets of other formats: the first byte says which.


def make_sets():
    box = '<box label="cat" occluded="1" xtl="1.5" ytl="2" xbr="10" ybr="20" rotation="0"><attribute name="a">b</attribute></box>'
    polygon = '<polygon label="dog" points="0,0;5,0;5,5" group_id="4"/><polygon label="dog" points="9,9;15,9;15,15" group_id="4"/>'
    mask = '<mask label="cat" rle="1, 2, 1" left="3" top="4" width="2" height="2"/>'
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["cat"]}
    points = {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["dog"]}
    sizes = {"original_width": 100, "original_height": 50, "image_rotation": 0}
    tasks = [{"id": 5, "data": {"image": "/data/local-files/?d=a%20b.png", "width": 100, "height": 50, "part": "val"},
              "annotations": [{"was_cancelled": False, "result": [
                  {"id": "r1", "type": "rectanglelabels", **sizes, "value": value},
                  {"id": "r2", "type": "polygonlabels", **sizes, "value": points},
                  {"id": "r3", "parentID": "r2", "type": "polygonlabels", **sizes, "value": points}]}]}]
    keep("convert/yolo", "0" + "0 0.5 0.5 0.25 0.125\n1 0 0 0.5 0 0.5 0.5\n")
    keep("convert/voc", "1<annotation><filename>a.png</filename><size><width>60</width><height>40</height></size>"
         "<object><name>cat</name><pose>Left</pose><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin>"
         "<xmax>10</xmax><ymax>20.5</ymax></bndbox></object></annotation>")
    keep("convert/cvat", "2<annotations><meta><task><labels><label><name>dog</name></label></labels></task></meta>"
         f'<image id="0" name="a b.png" width="60" height="40" subset="train">{box}{polygon}{mask}</image></annotations>')
    keep("convert/labelstudio", "3" + json.dumps(tasks))
    keep("convert/csv", "4file,width,height,x1,y1,x2,y2,class,part,crowd\n"
         '"a, ""b"".png",60,40,1,2,3.5,4,cat,train,1\nc.png,60,40,,,,,,val,\n')
    keep("convert/config", '5<View><RectangleLabels name="box"><Label value="cat"/></RectangleLabels></View>')
    keep("convert/entities", '1<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>')


# Classification sets.


def make_class_sets():
    whole = {"images": [{"id": 7, "file_name": "a/1.jpg"}, {"id": "8", "file_name": "b.png"}, {"id": 9, "file_name": "c"}],
             "annotations": [{"id": 1, "image_id": 7, "category_id": 30}, {"image_id": 8, "category_id": 4},
                             {"image_id": 9, "category_id": 30}],
             "categories": [{"id": 30, "name": "cat", "supercategory": "animal"}, {"id": 4, "name": 5}]}

    def changed(name, change):
        copy = json.loads(json.dumps(whole))
        change(copy)
        keep(f"class_json/{name}", json.dumps(copy))

    changed("whole", lambda j: None)
    changed("empty_class", lambda j: j["categories"].append({"id": 6, "name": "none"}))
    changed("two_classes", lambda j: j["annotations"].append({"image_id": 7, "category_id": 4}))
    changed("no_class", lambda j: j["annotations"].pop())
    changed("unknown_image", lambda j: j["annotations"].append({"image_id": 1, "category_id": 4}))
    changed("unknown_class", lambda j: j["annotations"].append({"image_id": 7, "category_id": 5}))
    changed("same_name", lambda j: j["categories"].append({"id": 6, "name": "cat"}))
    changed("same_id", lambda j: j["categories"].append({"id": 30, "name": "dog"}))
    changed("same_image", lambda j: j["images"].append({"id": 10, "file_name": "c"}))
    changed("leads_out", lambda j: j["images"].append({"id": 10, "file_name": "../c"}))
    changed("wrong_types", lambda j: j["images"].extend([3, {"id": 1e300}, {"id": None, "file_name": []}]))
    changed("no_list", lambda j: j.update(images={}))
    keep("class_json/list", "[]")
    keep("class_json/cut", json.dumps(whole)[:-20])


# IDX files: two bytes say how long the file of labels is, which the file of images follows.


def idx_pair(labels, images):
    return struct.pack("<H", len(labels)) + labels + images


def make_idx_files():
    labels = struct.pack(">II", 0x801, 2) + bytes([3, 9])
    images = struct.pack(">IIII", 0x803, 2, 28, 28) + bytes(x % 251 for x in range(2 * 784))
    black = images[:16] + bytes(2 * 784)

    def zipped(data):
        return gzip.compress(data, mtime=0)

    keep("idx/plain", idx_pair(labels, images))
    keep("idx/gzipped", idx_pair(zipped(labels), zipped(black)))
    keep("idx/gzipped_parts", idx_pair(zipped(labels[:9]) + zipped(labels[9:]), zipped(black)))
    keep("idx/gzip_cut", idx_pair(labels, zipped(black)[:-5]))
    keep("idx/gzip_goes_on", idx_pair(labels, zipped(black) + b"x"))
    keep("idx/gzip_wrong_checksum", idx_pair(labels, zipped(black)[:-8] + bytes(8)))
    keep("idx/label_10", idx_pair(labels[:-1] + b"\x0a", images))
    keep("idx/other_number", idx_pair(struct.pack(">II", 0x801, 1) + b"\3", images))
    keep("idx/cut", idx_pair(labels, images[:-1]))
    keep("idx/many", idx_pair(labels, struct.pack(">IIII", 0x803, 300000, 28, 28)))
    keep("idx/too_many", idx_pair(labels, struct.pack(">IIII", 0x803, 0xFFFFFFFF, 28, 28)))


# Files of measured choices, and one choice.


def make_choices():
    kind = "spinenet convolution choices"
    shape = "GenuineIntel, avx2, kernels 4: 1 threads, batch 1, fp32, 3x3 stride 1 pad 1 1, 64 to 64, 80x80"
    choices = {shape: "winograd, 56, rows", "b": "winograd 2x2, 112, columns", "c": "tile strips, 320, rows"}
    keep("choices/file", json.dumps({"format": kind, "choices": choices}, indent=1))
    keep("choices/none", json.dumps({"format": kind, "choices": {}}))
    keep("choices/other_format", json.dumps({"format": "other", "choices": choices}))
    keep("choices/wrong_type", json.dumps({"format": kind, "choices": {"b": 7}}))
    keep("choices/no_choice", json.dumps({"format": kind, "choices": {"b": "fast"}}))
    keep("choices/twice", json.dumps({"format": kind, "choices": {"b": "direct, 1, rows"}}).replace("{", '{"choices":1,', 1))
    keep("choices/choice", "gathered, 99, columns")
    keep("choices/rows_of_zero", "direct, 0, rows")


# Checkpoints of training: a safetensors file, or its four texts, a line each.

PROGRESS = {"step": 7, "total_steps": 30, "best_score": 0.125, "best_step": 5, "evaluations_without_gain": 1,
            "metrics_bytes": 99, "skipped_steps": 0}


def make_run_checkpoints():
    def texts(updates="6", progress=None, name="spinenet-checkpoint-2"):
        return {"format": name, "updates": updates, "progress": json.dumps(progress or PROGRESS), "recipe": "epochs: 3"}

    def lines(**changes):
        return "\n".join(texts(**changes).values())

    tensors = {name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * i, 4 * i + 4]}
               for i, name in enumerate(["average.values", "live.values", "optimizer.moment0"])}
    keep("checkpoint/file", safetensors({"__metadata__": texts(), **tensors}, bytes(12)))
    keep("checkpoint/lines", lines())
    keep("checkpoint/other_format", lines(name="spinenet-checkpoint-1"))
    keep("checkpoint/no_updates", lines(updates="many"))
    keep("checkpoint/huge_updates", lines(updates="99999999999999999999"))
    keep("checkpoint/huge_step", lines(progress={**PROGRESS, "step": 1e300}))
    keep("checkpoint/part_of_a_step", lines(progress={**PROGRESS, "step": 6.5}))
    keep("checkpoint/negative", lines(progress={**PROGRESS, "metrics_bytes": -1}))
    keep("checkpoint/unsigned", lines(progress={**PROGRESS, "total_steps": 1 << 63}))
    keep("checkpoint/null", lines(progress={**PROGRESS, "best_score": None}))
    keep("checkpoint/no_progress", lines(progress=[1]))


# Statements that change a study before it is opened.

STATEMENTS = {
    "unchanged": "",
    "trigger": "CREATE TRIGGER a AFTER UPDATE ON spinenet_trial BEGIN DELETE FROM spinenet_trial; END",
    "view": "DROP TABLE spinenet_trial; CREATE VIEW spinenet_trial AS SELECT 1 AS number",
    "endless_view": "DROP TABLE spinenet_state; CREATE VIEW spinenet_state AS WITH RECURSIVE a(state) AS "
                    "(SELECT 1 UNION ALL SELECT state + 1 FROM a) SELECT state FROM a",
    "schema": "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'spinenet_trial'",
    "schema_broken": "UPDATE sqlite_master SET sql = 'CREATE TABLE spinenet_trial(' WHERE name = 'spinenet_trial'",
    "schema_root": "UPDATE sqlite_master SET rootpage = 2 WHERE name = 'spinenet_trial'",
    "page_twice": "UPDATE sqlite_master SET rootpage = 1 WHERE name = 'spinenet_state'",
    "application": "PRAGMA application_id = 7",
    "newer": "UPDATE spinenet_version SET version = 12",
    "no_version": "DELETE FROM spinenet_version",
    "text_as_number": "UPDATE spinenet_study SET next_number = 'many'",
    "number_as_text": "UPDATE spinenet_trial SET choices = 7, metrics = 0.5",
    "huge_next": "UPDATE spinenet_study SET next_number = 9223372036854775807, lag = 1",
    "huge_token": "UPDATE spinenet_study SET token = 9223372036854775807",
    "huge_number": "UPDATE spinenet_trial SET number = 9223372036854775807 WHERE number = 3",
    "all_numbers": "UPDATE spinenet_trial SET number = 9223372036854775807 - number; "
                   "UPDATE spinenet_study SET next_number = 9223372036854775807, lag = 1",
    "huge_attempts": "UPDATE spinenet_trial SET attempts = 1000000000, state = 'running', lease_until = 0.0",
    "infinite_score": "UPDATE spinenet_trial SET score = 9e999",
    "infinite_tally": "UPDATE spinenet_study SET best_score = -9e999",
    "no_lag": "UPDATE spinenet_study SET lag = 0",
    "huge_lag": "UPDATE spinenet_study SET lag = 1000000000",
    "lag": "UPDATE spinenet_study SET lag = 5",
    "duplicates": "UPDATE spinenet_trial SET hash = 5, duplicate_of = 0 WHERE number > 0",
    "long_text": "UPDATE spinenet_trial SET reason = printf('%.*c', 99999, 'x'), worker = reason",
    "long_choices": "UPDATE spinenet_trial SET choices = '[' || printf('%.*c', 99999, '1') || ']'",
    "many_choices": "UPDATE spinenet_trial SET choices = '[1' || replace(printf('%.*c', 30000, 'x'), 'x', ',1') || ']'",
    "metrics": """UPDATE spinenet_trial SET metrics = '{"AP":"nan","\\u00e9":-0.0,"multiply_adds":1e300}'""",
    "metrics_deep": "UPDATE spinenet_trial SET metrics = printf('%.*c', 9999, '[')",
    "controls": "UPDATE spinenet_trial SET state = 'failed', failure = 'lost', reason = char(27, 10, 0x202e) || x'ff'",
    "running": "UPDATE spinenet_trial SET state = 'running', lease_until = 0.0, lost_by = 'a' || char(10) || 'b'",
    "task": """UPDATE spinenet_study SET task = '{"image_size":1e300,"classes":1,"architecture":{},"recipe":"a: ["}'""",
    "task_cut": "UPDATE spinenet_study SET task = substr(task, 1, 900)",
    "image_size": """UPDATE spinenet_study SET task = replace(task, '"image_size": 128', '"image_size": 1048576')""",
    "classes": """UPDATE spinenet_study SET task = replace(task, '"classes": 1', '"classes": 1048576')""",
    "algorithm": "UPDATE spinenet_study SET task = replace(task, 'kind: evolution', 'kind: random')",
    "controller": "UPDATE spinenet_study SET task = replace(task, 'kind: evolution', 'kind: controller')",
    "other_algorithm": "UPDATE spinenet_study SET algorithm = 'random'",
    "state": "UPDATE spinenet_state SET state = '{}'",
    "state_cut": "UPDATE spinenet_state SET state = substr(state, 1, 60)",
    "state_number": "UPDATE spinenet_state SET state = replace(state, '0.25', '1e999')",
    "no_state": "DELETE FROM spinenet_state",
    "second_study": "INSERT INTO spinenet_study SELECT 2, space, algorithm, task, seed, lag, next_number, token, complete, "
                    "failed, rejected, duplicates, best, best_score, first_started, last_finished, study_id, lost "
                    "FROM spinenet_study",
    "no_trials": "DELETE FROM spinenet_trial",
    "hole": "DELETE FROM spinenet_trial WHERE number = 2",
    "best": "UPDATE spinenet_study SET best = 4, best_score = 1e300",
    "times": "UPDATE spinenet_study SET first_started = -1.0, last_finished = 1e300",
    "wal": "PRAGMA journal_mode = WAL",
}


def endless(database, table):
    """Each page above the table's leaves is above one and the same page, many times."""
    with sqlite3.connect(":memory:") as study:
        study.deserialize(database)
        study.isolation_level = None
        key = study.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk = 1").fetchone()[0]
        study.execute(f"CREATE TEMP TABLE one AS SELECT * FROM {table} LIMIT 1")
        study.execute(f"DELETE FROM {table}")
        for _ in range(40):
            study.execute(f"INSERT INTO {table} SELECT * FROM one")
            study.execute(f"UPDATE one SET {key} = {key} + 1")
        root = study.execute(f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'").fetchone()[0]
        data = bytearray(study.serialize())
    size = struct.unpack(">H", data[16:18])[0]
    page = bytes(data[size * (root - 1) : size * root])
    leaf = page[8:12]
    pages = len(data) // size

    def pointing_to(below):
        changed = bytearray(page)
        changed[8:12] = below
        for i in range(struct.unpack(">H", page[3:5])[0]):
            cell = struct.unpack(">H", page[12 + 2 * i : 14 + 2 * i])[0]
            changed[cell : cell + 4] = below
        return changed

    levels = 12
    data[size * (root - 1) : size * root] = pointing_to(struct.pack(">I", pages + 1))
    for level in range(levels):
        data += pointing_to(struct.pack(">I", pages + level + 2) if level + 1 < levels else leaf)
    data[28:32] = struct.pack(">I", pages + levels)
    return bytes(data)


def make_studies():
    for name, text in STATEMENTS.items():
        keep(f"study/{name}.sql", text)
    whole = (CORPUS / "study/whole.study").read_bytes()  # as fuzz_study makes it
    keep("study/endless_trials.study", endless(whole, "spinenet_trial"))
    keep("study/cut.study", whole[: len(whole) // 2])
    keep("study/more_pages.study", whole[:28] + struct.pack(">I", 1 << 30) + whole[32:])


make_class_sets()
make_idx_files()
make_choices()
make_run_checkpoints()
make_studies()
make_sets()
make_jpegs()
make_pngs()
make_bmps()
make_webps()
make_tiffs()
make_masks()
make_recipes()
make_safetensors()
make_checkpoints()
make_tensor_bundles()
