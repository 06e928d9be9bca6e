#!/usr/bin/env bash
# Debian's packages that some tests need. Where one is missing, or cannot be installed, those tests are skipped and say so.
set -euo pipefail

packages=(
    strace                            # kills and disk errors at any system call   (tests/faults)
    e2fsprogs xfsprogs btrfs-progs    # power cuts on images of these file systems (tests/faults)
    jekyll                            # what Jekyll itself makes of our posts
    chromium chromium-driver          # the journal's page in a browser
    systemd                           # what it says of our units
)

if [[ $EUID -ne 0 ]] || ! command -v apt-get > /dev/null; then
    echo "not root on a Debian: tests that need ${packages[*]} are skipped where these are missing"
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    dpkg -s "$package" > /dev/null 2>&1 || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

export DEBIAN_FRONTEND=noninteractive
install=(apt-get install --quiet --quiet --yes --no-install-recommends)
if ! { apt-get update --quiet --quiet && "${install[@]}" "${missing[@]}"; } > /dev/null 2>&1; then
    for package in "${missing[@]}"; do
        "${install[@]}" "$package" > /dev/null 2>&1 || echo "$package could not be installed: tests that need it are skipped"
    done
fi
