#!/usr/bin/env python3
"""Reads a .poem file without the package: formats/poem.md in 200 lines of Python.

    read_poem.py FILE              decode every tensor, print what the file holds
    read_poem.py FILE --hash       also check the hash of every chunk (slow: pure Python)
    read_poem.py FILE --npz OUT    write every tensor, as float32, to a NumPy archive

Needs numpy and zstandard. It is written from the document, for reading: it checks what protects
a reader from misreading, not every rule.
"""

import argparse
import struct
import sys

import numpy
import zstandard

MAGIC = b"\x89POEM\r\n\x1a"
TYPES = {0: "<f4", 1: "<f2", 2: "<u2", 3: "i1"}  # f32, f16, bf16 (its upper half), i8
TYPE_NAMES = {0: "f32", 1: "f16", 2: "bf16", 3: "i8"}
MASK = (1 << 64) - 1


def xxh64(data):
    """The 64-bit xxHash with seed 0."""
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
    rotate = lambda x, n: (x << n | x >> (64 - n)) & MASK
    mix = lambda a, w: rotate((a + w * p2) & MASK, 31) * p1 & MASK
    at, lanes = 0, [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
    if len(data) >= 32:
        while at + 32 <= len(data):
            lanes = [mix(a, w) for a, w in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotate(a, n) for a, n in zip(lanes, (1, 7, 12, 18))) & MASK
        for a in lanes:
            h = ((h ^ mix(0, a)) * p1 + p4) & MASK
    else:
        h = p5
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        h = (rotate(h ^ mix(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & MASK
        at += 8
    if at + 4 <= len(data):
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & MASK, 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & MASK, 11) * p1 & MASK
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


def require(condition, message):
    if not condition:
        sys.exit("read_poem: " + message)


def decompress(stored, length):
    out = zstandard.ZstdDecompressor().decompress(stored, max_output_size=length)
    require(len(out) == length, "a zstd frame has another length than its record says")
    return out


def read_sections(data):
    """The header and the section table: {kind: (offset in the file, decoded bytes)}."""
    require(data[:8] == MAGIC, "this is not a .poem file")
    major, minor, header, size, required, _, table, count, entry, table_hash, header_hash = (
        struct.unpack_from("<HHIQIIQIIQQ", data, 8))
    require(major == 1, f"version {major} of the format")
    require(xxh64(data[:56]) == header_hash, "the header's hash is wrong")
    require((header, table, entry, required) == (64, 64, 64, 0), "an unknown header")
    require(size == len(data), f"{len(data)} bytes, where the header says {size}")
    require(xxh64(data[64:64 + 64 * count]) == table_hash, "the section table's hash is wrong")
    sections, end = {}, 64 + 64 * count
    for i in range(count):
        kind, flags, offset, stored, decoded, codec, alignment, hash_stored, hash_decoded = (
            struct.unpack_from("<4sIQQQHB5xQQ8x", data, 64 + 64 * i))
        kind = kind.decode("ascii")
        begin = -(-end >> alignment << alignment)
        require(offset == begin and not any(data[end:begin]), f"{kind} does not follow the section before")
        end = offset + stored
        content = data[offset:end]
        if kind not in ("WGTS", "OPTW"):
            require(xxh64(content) == hash_stored, f"the hash of {kind} is wrong")
            if codec == 1:
                content = decompress(content, decoded)
                require(xxh64(content) == hash_decoded, f"the decoded hash of {kind} is wrong")
        sections[kind] = (offset, content)
    require(end == len(data), "bytes follow the last section")
    return sections


def read_keys(content):
    """Typed keys: {key: value}."""
    keys, at = {}, 4

    def text(at):
        n, = struct.unpack_from("<I", content, at)
        return content[at + 4:at + 4 + n].decode(), at + 4 + n

    for _ in range(struct.unpack_from("<I", content)[0]):
        n, = struct.unpack_from("<H", content, at)
        key, kind, at = content[at + 2:at + 2 + n].decode(), content[at + 2 + n], at + 3 + n
        if kind == 0:
            keys[key], at = text(at)
        elif kind in (1, 2):
            keys[key], at = struct.unpack_from("<q" if kind == 1 else "<d", content, at)[0], at + 8
        elif kind == 3:
            keys[key], at = bool(content[at]), at + 1
        else:
            n, at, keys[key] = struct.unpack_from("<I", content, at)[0], at + 4, []
            for _ in range(n):
                item, at = text(at)
                keys[key].append(item)
    require(at == len(content), "bytes follow the last key")
    return keys


def read_tensors(directory, data, check_hashes):
    """Yields (name, type, shape, stored bytes, float32 array) for each tensor."""
    tensors, chunks, name_bytes, _ = struct.unpack_from("<4I", directory)
    name_at, chunk_at, end = 16 + 32 * tensors + 24 * chunks, 16 + 32 * tensors, 0
    require(name_at + name_bytes == len(directory), "a directory has another length than its counts say")
    for i in range(tensors):
        name_length, kind, rank, grid, planes, *rest = struct.unpack_from(
            "<HBBBB2x4IIf", directory, 16 + 32 * i)
        shape, count, step = rest[:rank], rest[4], rest[5]
        name = directory[name_at:name_at + name_length].decode("ascii")
        name_at += name_length
        width, parts, total = numpy.dtype(TYPES[kind]).itemsize, [], 0
        for _ in range(count):
            digest, stored, decoded, codec = struct.unpack_from("<QIIB7x", directory, chunk_at)
            chunk_at += 24
            begin = end if codec == 1 else (end + 63) // 64 * 64
            require(not any(data[end:begin]), f"{name}: padding that is not zero")
            end = begin + stored
            part = decompress(data[begin:end], decoded) if codec == 1 else data[begin:end]
            require(not check_hashes or xxh64(part) == digest, f"{name}: a chunk's hash is wrong")
            if planes:
                part = numpy.frombuffer(part, "u1").reshape(width, -1).T.tobytes()
            parts.append(part)
            total += stored
        content = b"".join(parts)
        prefix = -(-4 * shape[0] // 64) * 64 if grid == 2 else 0
        require(len(content) == prefix + int(numpy.prod(shape, dtype=object)) * width,
                f"{name}: {len(content)} bytes do not fit the shape")
        values = numpy.frombuffer(content, TYPES[kind], offset=prefix).reshape(shape)
        if kind == 2:
            values = (values.astype("<u4") << 16).view("<f4")
        values = values.astype("<f4")
        if grid == 1:
            values = values * numpy.float32(step)
        elif grid == 2:
            steps = numpy.frombuffer(content, "<f4", count=shape[0])
            values = values * steps.reshape([-1] + [1] * (rank - 1))
        yield name, TYPE_NAMES[kind], shape, total, values
    require(end == len(data), "bytes follow the last chunk")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--hash", action="store_true", help="check the hash of every chunk")
    parser.add_argument("--npz", help="write every tensor to this NumPy archive")
    options = parser.parse_args()
    with open(options.file, "rb") as file:
        sections = read_sections(file.read())

    names = ("vocabulary", "context", "layers", "heads", "dimension", "feed_forward", "epsilon",
             "activation", "position", "norm", "tied", "biases")
    arch = dict(zip(names, struct.unpack_from("<6If5B", sections["ARCH"][1])))
    print("ARCH", *(f"{name}={value:g}" for name, value in arch.items()))
    kind, _, _, _, folds, replacement, characters, merges, specials = struct.unpack_from(
        "<4B5I", sections["TOKN"][1])
    print(f"TOKN kind={kind} characters={characters} merges={merges} special={specials}")
    for section in ("META", "EVAL", "TRAN", "RNGS", "CURS"):
        if section in sections:
            for key, value in read_keys(sections[section][1]).items():
                print(section, key, "=", repr(value))
    if "CARD" in sections:
        print("CARD", len(sections["CARD"][1].decode()), "characters")

    arrays = {}
    for directory, data in (("TNSR", "WGTS"), ("OPTM", "OPTW")):
        if directory not in sections:
            continue
        parameters = stored = 0
        for name, kind, shape, size, values in read_tensors(
                sections[directory][1], sections[data][1], options.hash):
            print(f"{directory} {name} {kind} {shape} {size} bytes, mean {values.mean():.5g}, "
                  f"deviation {values.std():.5g}")
            arrays[name if directory == "TNSR" else "optimizer." + name] = values
            parameters += values.size
            stored += size
        print(f"{directory} {parameters} elements in {stored} bytes, "
              f"{8 * stored / parameters:.3f} bits each")
    if options.npz:
        numpy.savez(options.npz, **arrays)


if __name__ == "__main__":
    main()
