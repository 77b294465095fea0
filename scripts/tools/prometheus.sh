# shellcheck shell=bash
# Prometheus and promtool. Sourced after env.sh.

# prometheus_tools: unpacks Debian's package, if there is no Prometheus yet. Not installed: that would start a server.
prometheus_tools() {
  if has prometheus || ! has apt-get; then
    return
  fi
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq || true
  fi
  (cd "$TOOLS" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb prometheus) || true
}
