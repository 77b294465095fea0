# shellcheck shell=bash
# What every check begins with: where things lie, and how a check is left out. Sourced at the root of the repository.
set -euo pipefail

TARGET=${CARGO_TARGET_DIR:-target}
mkdir -p "$TARGET/tools"
# In full, since some tools change their folder.
TARGET=$(realpath "$TARGET")
TOOLS=$TARGET/tools
# The reasons of the checks that were left out, one a line: scripts/check/summary.sh counts them.
SKIPPED=$TARGET/skipped
export PATH=$PATH:$HOME/.cargo/bin:$TOOLS/prometheus/usr/bin

# begin TITLE: names the check whose output follows.
begin() {
  title=$1
  echo "== $title"
}

# skip REASON: ends the check without failing, and remembers the reason.
skip() {
  echo "SKIPPED: $title: $1" | tee -a "$SKIPPED"
  exit 0
}

# has COMMAND: succeeds if the command is installed.
has() {
  command -v "$1" >/dev/null
}

# install_packages NAME...: installs packages of Debian, where that is possible.
install_packages() {
  [ "$(id -u)" = 0 ] && has apt-get || return 1
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
