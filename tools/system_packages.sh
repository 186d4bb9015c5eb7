#!/usr/bin/env bash
# Xvfb and the libraries that Qt and OpenGL need on Linux. Nothing to do where they are there; installed where this
# may be done (root on Debian or Ubuntu); otherwise the command is printed in one line and the exit status is 3.
# PostgreSQL's programs too, for the tests of a site's database: those are skipped where it can't be installed.
set -uo pipefail

packages=(
  xvfb xauth libgl1 libegl1 libgl1-mesa-dri libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0
  libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
  libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libx11-xcb1
)
for_databases=(postgresql)

[ "$(uname -s)" = Linux ] || exit 0

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  command -v xvfb-run >/dev/null && exit 0
  echo "For windows and their tests install Xvfb and Qt's libraries with your package manager; Debian calls them: ${packages[*]}" >&2
  exit 3
fi

if [ "$(id -u)" -eq 0 ] && ! command -v postgres >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
  echo "Installing system packages: ${for_databases[*]}" >&2
  mkdir -p /etc/postgresql-common/createcluster.d # the programs alone: tests start a server of their own
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/programs-only.conf
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${for_databases[@]}"; } \
    >/dev/null 2>&1 || echo "${for_databases[*]} can't be installed: tests of a site's database are skipped." >&2
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
