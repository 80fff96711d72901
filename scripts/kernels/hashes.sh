# Sourced by scripts/check-*.sh: finds clang, makes $work, which goes when the script ends, and compares what
# builds of hashes.c print.

clang=${CLANG:-$(command -v clang || true)}
[ -n "$clang" ] || clang=$(dirname "$(readlink -f "$(command -v swift || echo swift)")")/clang
check=$(basename "$0" .sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Whether a comparison failed, for the script's exit, and whether one had nothing to compare.
failed=0
absent=0

# compare TITLE COMMAND...: whether the command prints what stands in $work/expected.
compare() {
    local title=$1
    shift
    local status=0
    "$@" >"$work/found" 2>/dev/null || status=$?
    if [ "$status" -eq 3 ]; then
        absent=1
        printf '%s: %-28s not run, this processor does not have it\n' "$check" "$title"
    elif [ "$status" -eq 0 ] && cmp -s "$work/expected" "$work/found"; then
        printf '%s: %-28s the same %s hashes\n' "$check" "$title" "$(wc -l <"$work/found")"
    else
        printf '%s: %-28s DIFFERS (exit %s)\n' "$check" "$title" "$status"
        diff "$work/expected" "$work/found" | head -n 20 || true
        failed=1
    fi
}
