# shellcheck shell=bash
# Node tools. Sourced after env.sh and python.sh.

# node_tools: installs what node.txt lists, once, and sets `node` to the folder of the commands.
node_tools() {
  local list=scripts/tools/node.txt
  node=$TOOLS/node/node_modules/.bin
  if ! has npm; then
    # There is a Python package of node itself.
    python_tools openapi
    PATH=$PATH:$python
    has npm || "$python/pip" install --quiet --disable-pip-version-check --requirement scripts/tools/python/node.txt \
      || skip 'node is not installed and cannot be'
  fi
  if cmp -s "$TOOLS/node/installed" "$list"; then
    return
  fi
  mkdir -p "$TOOLS/node"
  # One package a line.
  local packages
  mapfile -t packages < <(grep -v '^#' "$list")
  npm install --prefix "$TOOLS/node" --silent --no-audit --no-fund --no-save "${packages[@]}" \
    || skip "the packages in $list cannot be installed"
  cp "$list" "$TOOLS/node/installed"
}
