#!/usr/bin/env bash
# What some tests need on Linux: PostgreSQL's programs (a site's database), dciodvfy (are DICOM files valid?), pdftotext (what
# stands in a PDF), Orthanc (an archive that speaks DICOMweb). Installed where this may be done (root on Debian or Ubuntu); those tests are skipped where they are missing.
set -uo pipefail

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || exit 0

missing=()
command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
command -v dciodvfy >/dev/null || missing+=(dicom3tools)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
command -v Orthanc >/dev/null || missing+=(orthanc)
[ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || missing+=(orthanc-dicomweb)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "For all tests, run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 0
fi
echo "Installing what some tests need: ${missing[*]}" >&2
mkdir -p /etc/postgresql-common/createcluster.d # the programs alone: tests start a server of their own
echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/programs-only.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
orthanc_there=$(command -v Orthanc)
for package in "${missing[@]}"; do
  apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 \
    || echo "$package can't be installed: tests that need it are skipped." >&2
done
if [ -z "$orthanc_there" ] && command -v service >/dev/null; then # tests start a server of their own
  service orthanc stop >/dev/null 2>&1
  update-rc.d orthanc disable >/dev/null 2>&1
fi
true
