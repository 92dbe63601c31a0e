"""Items 19, 22 and 26: standard descriptors, shares of a processor, guards of the program, images of one line."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import zlib

import drill

from .place import NotHere, each, neighbour

STREAMS = [dict(what="describe of nothing", words=["describe", "nowhere.json"], usual=(1, 2, 65)),
           dict(what="study show of nothing", words=["study", "show", "nowhere.study"], usual=(1, 2, 65)),
           dict(what="data check of broken JSON", words=["data", "check", "broken.json"], usual=(1, 65)),
           dict(what="an unknown verb", words=["tarin"], usual=(2,)),
           dict(what="predict of a broken model", words=["predict", "broken.json", "data/val"], usual=(1, 65)),
           dict(what="export of a broken model", words=["export", "broken.json", "--onnx", "x.onnx"], usual=(1, 65))]
CLOSINGS = [dict(how="standard error closed", closing="2>&-"), dict(how="a full standard error", closing="2>/dev/full"),
            dict(how="all three closed", closing="<&- >&- 2>&-")]


@each(19, "{what}, with {how}", [{**line, **CLOSINGS[i % 3]} for i, line in enumerate(STREAMS)])
def closed(at, what, words, usual, how, closing):
    at.put("broken.json", '{"images": [')
    at.copy("data/val")
    ended = at.run(*words, prefix=["sh", "-c", f"exec \"$@\" {closing}", "sh"])
    at.must(ended.status in usual, f"status {ended.status}")


@each(19, "{what}, with standard error a pipe that went", STREAMS[:3])
def pipe_that_went(at, what, words, usual):
    at.put("broken.json", '{"images": [')
    ends = os.pipe()
    os.close(ends[0])
    try:
        process = subprocess.run([at.drill.program, *words], cwd=at.folder, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=ends[1], timeout=at.patience)
    finally:
        os.close(ends[1])
    at.must(process.returncode in usual, f"status {process.returncode}")


# Quotas in hundredths of a processor, of the outer and the inner group; 0 is none.
@each(22, "a quota of {outer} % on the outer and {inner} % on the inner control group gives one thread", [
    dict(outer=0, inner=50), dict(outer=50, inner=0), dict(outer=150, inner=60), dict(outer=90, inner=80),
])
def quota(at, outer, inner):
    parent = pathlib.Path("/sys/fs/cgroup/cpu")
    groups = [parent / f"spinenet_neighbour_{os.getpid()}"]
    groups.append(groups[0] / "inner")
    try:
        for group, share in zip(groups, (outer, inner)):
            group.mkdir()
            if share:
                (group / "cpu.cfs_quota_us").write_text(str(share * 1000))
        inside = ["sh", "-c", f"echo $$ > {groups[1]}/cgroup.procs && exec \"$@\"", "sh"]
        ended = at.succeeds(at.run("checks", "--json", prefix=inside))
    except (OSError, FileNotFoundError) as error:
        raise NotHere(f"no control group of version 1 can be made: {error}") from error
    finally:
        at.drill.kill_all()
        for group in reversed(groups):
            with contextlib.suppress(OSError):
                group.rmdir()
    told = str(json.loads(ended.out)["cores"])
    if os.cpu_count() < 2:
        raise NotHere("one processor")
    at.must(re.match(r"1\b", told), f"cores are {told}")


def programs(at):
    """The one called, and the one with LibTorch where that is beside it."""
    called = pathlib.Path(at.drill.program)
    return [path for path in (called, called.parent / "spinenet-train") if path.exists()]


def read_elf(path, *flags):
    if not shutil.which("readelf"):
        raise NotHere("binutils is not installed")
    return subprocess.run(["readelf", "-W", *flags, path], capture_output=True, text=True, check=True).stdout


@each(26, "the program has {what}", [
    dict(what="its relocations read-only", flags=["-d"], word="BIND_NOW"),
    dict(what="guards on its stack", flags=["--dyn-syms"], word="__stack_chk_fail"),
    dict(what="checked copies", flags=["--dyn-syms"], word="_chk@"),
])
def guards(at, what, flags, word):
    for program in programs(at):
        at.must(word in read_elf(program, *flags), f"{program.name} has none")


@neighbour(26, "the program's own code marks its targets of jumps")
def control_flow(at):
    if os.uname().machine != "x86_64":
        raise NotHere("for x86-64")
    for program in programs(at):
        marks = program.read_bytes().count(b"\xf3\x0f\x1e\xfa")  # endbr64
        at.must(marks > 1000, f"{program.name} has {marks} marks")


def png_header(height, width):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = zlib.compressobj(1)
    left = height * (1 + (width + 7) // 8)
    packed = b""
    while left > 0:
        packed += rows.compress(bytes(min(left, 1 << 20)))
        left -= 1 << 20
    packed += rows.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)) +
            chunk(b"IDAT", packed) + chunk(b"IEND", b""))


@each(26, "{verb} of an image of {height} x {width} costs nothing", [
    dict(verb="predict", height=67000000, width=1), dict(verb="predict", height=2, width=33000000),
    dict(verb="predict", height=1, width=60000000), dict(verb="data check", height=1, width=50000000),
])
def one_line(at, verb, height, width):
    at.copy("detector.safetensors")
    at.put("images/long.png", png_header(height, width))
    at.put_json("t.json", {"images": [{"id": 1, "file_name": "long.png", "height": height, "width": width}],
                           "categories": [{"id": 1, "name": "one"}], "annotations": []})
    words = ["predict", "detector.safetensors", "images/long.png"]
    if verb == "data check":
        words = ["data", "check", "t.json", "--images", "images"]
    ended = at.ends(at.run(*words))
    at.must(ended.seconds < 2 and ended.megabytes < 400,
            f"takes {ended.seconds:.1f} s and {ended.megabytes:.0f} MB")
