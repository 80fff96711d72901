#!/usr/bin/env python3
"""Copies a part of a corpus, with a split of its own, to train and measure on.

    part_of_corpus.py CORPUS OUT --share 0.25     a quarter of the training works, the same validation works
    part_of_corpus.py CORPUS OUT --second-split   the training works alone; some of them validate

CORPUS holds poe/ and split.json; OUT gets the same. Which works are taken is a function of their names
alone. Recipes are chosen by the second split, so that the validation works do not choose them.
"""

import argparse
import hashlib
import json
import pathlib
import shutil


def main():
    parser = argparse.ArgumentParser(description="Copy a part of a corpus with its split.")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--share", type=float, help="part of the training characters, 0 to 1")
    what.add_argument("--second-split", action="store_true")
    arguments = parser.parse_args()

    split = json.loads((arguments.corpus / "split.json").read_text(encoding="utf-8"))

    def size(name):
        return len((arguments.corpus / "poe" / name).read_text(encoding="utf-8"))

    def take(names, characters, longest):
        """Works in an order that has nothing to do with what is in them, while they fit."""
        taken, total = [], 0
        for name in sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
            if size(name) <= longest and total + size(name) <= characters:
                taken.append(name)
                total += size(name)
        return taken

    train, everything = split["train"], sum(map(size, split["train"]))
    if arguments.second_split:
        validation = take(train, 0.07 * everything, 0.03 * everything)
        train = [name for name in train if name not in validation]
    else:
        validation = split["validation"]
        train = take(train, arguments.share * everything, everything)

    folder = arguments.out / "poe"
    folder.mkdir(parents=True, exist_ok=True)
    for name in train + validation:
        shutil.copyfile(arguments.corpus / "poe" / name, folder / name)
    (arguments.out / "split.json").write_text(
        json.dumps({"train": sorted(train), "validation": sorted(validation)}, indent=1) + "\n",
        encoding="utf-8")
    print(
        f"{arguments.out}: {len(train)} works of {sum(map(size, train)):,} characters train,"
        f" {len(validation)} of {sum(map(size, validation)):,} validate")


if __name__ == "__main__":
    main()
