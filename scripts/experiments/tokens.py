#!/usr/bin/env python3
"""Writes a corpus as tokens, for search.py.

    tokens.py CORPUS MODEL OUT.npz [--characters]

CORPUS holds poe/ and split.json (for choosing recipes: the second split of part_of_corpus.py); MODEL is a
BPE model whose merges are taken, or that lends its alphabet to --characters. poe-model must be on the path.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "formats/examples"))
from read_poem import read_sections  # noqa: E402


def tokenizer(path):
    """{character: token} and the merges [(left, right)] of a BPE model (formats/poem.md, TOKN)."""
    content = read_sections(path.read_bytes())["TOKN"][1]
    count, merges = struct.unpack_from("<2I", content, 12)
    alphabet = struct.unpack_from(f"<{count}I", content, 32)
    pairs = struct.unpack_from(f"<{2 * merges}I", content, 32 + 4 * count)
    return {chr(c): i for i, c in enumerate(alphabet)}, list(zip(pairs[::2], pairs[1::2]))


def encode(model, text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        printed = subprocess.run(
            ["poe-model", "score", model, file.name, "--json", "--tokens"],
            check=True, capture_output=True).stdout
    return json.loads(printed)["token_ids"]


def main():
    parser = argparse.ArgumentParser(description="Write a corpus as tokens.")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--characters", action="store_true")
    arguments = parser.parse_args()

    alphabet, merges = tokenizer(arguments.model)
    split = json.loads((arguments.corpus / "split.json").read_text(encoding="utf-8"))
    tokens, characters = {}, {}
    for part, key in (("training", "train"), ("validation", "validation")):
        works = [(arguments.corpus / "poe" / name).read_text(encoding="utf-8") for name in split[key]]
        text = "\n\n".join(works)
        characters[part] = len(text)
        tokens[part] = (
            [alphabet[c] for c in text] if arguments.characters else encode(arguments.model, text))
    np.savez_compressed(
        arguments.out, **{k: np.array(v, dtype=np.int16) for k, v in tokens.items()},
        left=np.array([m[0] for m in merges], dtype=np.int32),
        right=np.array([m[1] for m in merges], dtype=np.int32), base=len(alphabet),
        vocabulary=len(alphabet) + (0 if arguments.characters else len(merges)))
    per_token = characters["validation"] / len(tokens["validation"])
    print(f"{len(tokens['training']):,} tokens train, {len(tokens['validation']):,} validate,"
          f" {per_token:.4f} characters a token")


if __name__ == "__main__":
    main()
