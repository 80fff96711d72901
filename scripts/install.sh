#!/usr/bin/env bash
# install.sh install | uninstall: puts what `make release` built, and the models, under
# $DESTDIR$PREFIX, or takes it away again.
set -euo pipefail
cd "$(dirname "$0")/.."

PREFIX=${PREFIX:-/usr/local}
prefix=${DESTDIR:-}$PREFIX
case $PREFIX in
    /*) ;;
    *) echo "install: PREFIX is $PREFIX; expected a folder from the root, such as /usr/local or \$HOME/.local" >&2; exit 64 ;;
esac

# files: what there is to install, one "mode, where it is, where it goes" a line.
files() {
    local program file model
    for program in poe-run poe-train poe-model poe-bench poe-gallery poe-scrape; do
        echo "755 .build/dist/bin/$program bin/$program"
        for file in "man/man1/$program.1" "bash-completion/completions/$program" \
            "zsh/site-functions/_$program" "fish/vendor_completions.d/$program.fish"; do
            echo "644 .build/dist/share/$file share/$file"
        done
    done
    # Not all of models/: a training may have left its own there.
    for model in bpe char; do
        echo "644 models/$model.poem share/poe/models/$model.poem"
    done
}

case ${1:-} in
    install)
        files | while read -r mode file place; do
            install -d "$(dirname "$prefix/$place")"
            install -m "$mode" "$file" "$prefix/$place"
        done
        echo "installed in $prefix; \`make uninstall PREFIX=$PREFIX\` takes it away"
        ;;
    uninstall)
        files | while read -r _ _ place; do rm -f "$prefix/$place"; done
        # Someone's own models may be there.
        rmdir "$prefix/share/poe/models" "$prefix/share/poe" 2>/dev/null || true
        echo "uninstalled from $prefix"
        ;;
    *)
        echo "usage: install.sh install|uninstall" >&2
        exit 64
        ;;
esac
