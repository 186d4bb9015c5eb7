#!/usr/bin/env bash
# Xvfb and the libraries that Qt and OpenGL need on Linux. Nothing to do where they are there; installed where this
# may be done (root on Debian or Ubuntu); otherwise the command is printed in one line and the exit status is 3.
set -uo pipefail

packages=(
  xvfb xauth libgl1 libegl1 libgl1-mesa-dri libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0
  libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
  libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libx11-xcb1
)

[ "$(uname -s)" = Linux ] || exit 0

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  command -v xvfb-run >/dev/null && exit 0
  echo "For windows and their tests install Xvfb and Qt's libraries with your package manager; Debian calls them: ${packages[*]}" >&2
  exit 3
fi

installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
missing=()
for package in "${packages[@]}"; do
  # The suffix t64 came with Debian 13 and Ubuntu 24.04.
  grep -qxE "${package//./\\.}(t64)?" <<<"$installed" && continue
  [ "$package" = xvfb ] && command -v Xvfb >/dev/null && command -v xvfb-run >/dev/null && continue
  [ "$package" = xauth ] && command -v xauth >/dev/null && continue
  missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  echo "Installing system packages: ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && exit 0
fi
echo "For windows and their tests, run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
exit 3
