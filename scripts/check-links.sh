#!/usr/bin/env bash
# Checks the documentation's own links, without the network: every relative link of every Markdown
# file names a file that exists (and, in `#...`, a heading of it), and every page of the book is
# reachable from its table of contents.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

problems=0
problem() {
  echo "$1" >&2
  problems=$((problems + 1))
}

# anchors FILE: the ids of its headings, as mdbook and code hosts make them: lower case, without
# punctuation, blanks as hyphens.
anchors() {
  awk '/^```/ { fenced = !fenced } !fenced && /^#+ / { sub(/^#+ +/, ""); print }' "$1" |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[][!"#$%&'"'"'()*+,.\/:;<=>?@\\^`{|}~，。、：；（）“”《》]//g; s/ /-/g'
}

links=0
while IFS= read -r -d '' file; do
  while IFS= read -r target; do
    links=$((links + 1))
    case $target in
      *://* | mailto:*) continue ;;
      '#'*) path=$file anchor=${target#\#} ;;
      *'#'*) path=$(dirname "$file")/${target%%#*} anchor=${target#*#} ;;
      *) path=$(dirname "$file")/$target anchor='' ;;
    esac
    if [[ ! -e $path ]]; then
      problem "$file: no such file: $target"
    elif [[ -n $anchor && $path == *.md ]] && ! grep -q -x -F -e "$anchor" <(anchors "$path"); then
      problem "$file: no such heading: $target"
    fi
  done < <(awk '/^ *```/ { fenced = !fenced; next } !fenced' "$file" | sed -E 's/`[^`]*`//g' | { grep -o -E '\]\([^) ]+' || true; } | sed 's/^](//')
done < <(find . \( -name target -o -name node_modules -o -name .git -o -path ./docs/book -o -path ./data \) -prune -o -name '*.md' -print0 | sort -z)

while IFS= read -r page; do
  grep -q -F "($page)" docs/src/SUMMARY.md || problem "docs/src/$page is not in docs/src/SUMMARY.md"
done < <(cd docs/src && find . -name '*.md' ! -name SUMMARY.md | sed 's#^\./##' | sort)

if [[ $problems -gt 0 ]]; then
  echo "links: $problems broken of $links" >&2
  exit 1
fi
echo "links: $links checked, none broken"
