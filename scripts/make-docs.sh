#!/usr/bin/env bash
# The documentation of the library Poe as web pages, in .build/docs/Poe.doccarchive, by the toolchain's
# own docc; a warning is a failure. Nothing of it is part of a build.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build -c release --target Poe
built=$(swift build -c release --show-bin-path)
out=.build/docs
rm -rf "$out"
mkdir -p "$out/symbols"

# Poe hands out what is public in the modules that it exports again.
sdk=()
[ "$(uname -s)" != Darwin ] || sdk=(-sdk "$(xcrun --show-sdk-path)")
target=$(swiftc -print-target-info | sed -n 's/^ *"triple": "\(.*\)",/\1/p' | head -n 1)
swift symbolgraph-extract -module-name Poe -target "$target" ${sdk[@]+"${sdk[@]}"} \
    -I "$built/Modules" -Xcc "-fmodule-map-file=$built/CPoeKernels.build/module.modulemap" \
    -Xcc -fmodule-map-file=Sources/CZstd/module.modulemap \
    -experimental-allowed-reexported-modules=PoeCore,PoeInference,PoeTokenizer \
    -minimum-access-level public -skip-synthesized-members -output-dir "$out/symbols"

docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[ -x "$docc" ] || docc="xcrun docc"
$docc convert Sources/Poe/Poe.docc --additional-symbol-graph-dir "$out/symbols" \
    --fallback-display-name Poe --fallback-bundle-identifier poe --warnings-as-errors \
    --output-path "$out/Poe.doccarchive"
echo "read it: python3 -m http.server -d $out/Poe.doccarchive, then http://localhost:8000/documentation/poe"
