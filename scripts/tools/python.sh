# shellcheck shell=bash
# Python tools in virtual environments of their own. Sourced after env.sh.

# python_tools NAME: installs what python/NAME.txt lists, once, and sets `python` to the folder of the commands.
python_tools() {
  local list=scripts/tools/python/$1.txt
  python=$TOOLS/$1/bin
  if cmp -s "$TOOLS/$1/installed" "$list"; then
    return
  fi
  has python3 || skip 'python3 is not installed'
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages python3-venv || skip 'python3 has no venv (on Debian: apt-get install python3-venv)'
  fi
  python3 -m venv --clear "$TOOLS/$1" || skip 'a virtual environment cannot be made'
  "$python/pip" install --quiet --disable-pip-version-check --requirement "$list" \
    || skip "the packages in $list cannot be installed"
  cp "$list" "$TOOLS/$1/installed"
}
