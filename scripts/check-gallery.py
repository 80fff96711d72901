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
    index, found = read(folder, "index.json", "index")
    yield from found
    if found:
        return  # What follows relies on what the schema promises.
    for entry in index["models"]:
        model, found = read(folder, entry["file"], "model")
        yield from found
        if not found:
            yield from columns(entry["file"], model, index)


def read(folder, name, kind):
    """The value in a file, and what is wrong with the file in itself."""
    try:
        text = (folder / name).read_text(encoding="utf-8")
        value = json.loads(text)
    except (OSError, ValueError) as error:
        return None, [f"{name}: {error}"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{kind}"})
    found = [f"{name}: {error.json_path}: {error.message[:200]}"
             for error in validator.iter_errors(value)]
    stem = name.removesuffix(".json")
    script = folder / f"{stem}.js"
    if not script.is_file():
        found.append(f"{stem}.js: is missing")
    elif script.read_bytes() != f'poeGallery.receive("{stem}",\n{text[:-1]});\n'.encode():
        found.append(f"{stem}.js: is not {name} in a call")
    return value, found


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
