#!/usr/bin/env python3
"""Validates a gallery that poe-gallery wrote: check-gallery.py FOLDER

Every JSON file against formats/gallery.schema.json (with the package jsonschema), columns against
each other, and each script against the JSON that it repeats."""

import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "formats/gallery.schema.json"


def complaints(folder):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    names = [("index.json", "index")] + [(m["file"], "model") for m in index["models"]]
    for name, kind in names:
        text = (folder / name).read_text(encoding="utf-8")
        value = json.loads(text)
        validator = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{kind}"})
        for error in validator.iter_errors(value):
            yield f"{name}: {error.json_path}: {error.message[:200]}"
        stem = name.removesuffix(".json")
        script = (folder / f"{stem}.js").read_text(encoding="utf-8")
        if script != f'poeGallery.receive("{stem}",\n{text[:-1]});\n':
            yield f"{stem}.js: is not {name} in a call"
        if kind == "model":
            yield from columns(name, value, index)


def columns(name, model, index):
    settings = index["settings"]
    cells = len(index["prompts"]) * len(settings["temperatures"]) * settings["samples"]
    if len(model["samples"]) != cells:
        yield f"{name}: {len(model['samples'])} samples, expected {cells}"
    known = set(model["vocabulary"]["token"])
    for number, sample in enumerate(model["samples"]):
        count = len(sample["tokens"])
        for column in ("token_offsets", "log_probabilities", "alternatives",
                       "alternative_log_probabilities"):
            if len(sample[column]) != count:
                yield f"{name}: samples[{number}].{column}: expected {count} elements"
        if not known.issuperset(sample["tokens"]):
            yield f"{name}: samples[{number}].tokens: not all in the vocabulary"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(complaints(pathlib.Path(sys.argv[1])))
    for line in found[:20]:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)


main()
