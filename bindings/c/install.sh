#!/bin/sh
# Installs what `make library` and `make build` made: install.sh LIBRARIES COMMAND VERSION PREFIX [DESTDIR]
# With DESTDIR (for packages) the files go to DESTDIR/PREFIX, but the paths in them begin with PREFIX.
set -eu
libraries=$1
command=$2
version=$3
prefix=$4
to=${5:-}$prefix
here=$(dirname "$0")
root=$here/../..
major=${version%%.*}
rest=${version#*.}
minor=${rest%%.*}

case $prefix in /*) ;; *) echo "PREFIX must be an absolute path, not $prefix" >&2; exit 1 ;; esac

# Fills in a template.
fill() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@VERSION@|$version|g" -e "s|@MAJOR@|$major|g" -e "s|@MINOR@|$minor|g" "$here/$1" >"$2"
    chmod 644 "$2"
}

install -d "$to/bin" "$to/include" "$to/lib/pkgconfig" "$to/lib/cmake/vecsink"
install -m 755 "$command" "$to/bin/vecsink"
install -m 644 "$libraries/libvecsink.a" "$to/lib/libvecsink.a"
install -m 755 "$libraries/libvecsink.so.$version" "$to/lib/libvecsink.so.$version"
ln -sf "libvecsink.so.$version" "$to/lib/libvecsink.so.$major"
ln -sf "libvecsink.so.$major" "$to/lib/libvecsink.so"
install -m 644 "$root"/include/vecsink.h* "$to/include/"
if [ -d "$root/include/vecsink" ]; then
    install -d "$to/include/vecsink"
    install -m 644 "$root"/include/vecsink/* "$to/include/vecsink/"
fi
fill vecsink.pc.in "$to/lib/pkgconfig/vecsink.pc"
fill vecsink-static.pc.in "$to/lib/pkgconfig/vecsink-static.pc"
fill vecsinkConfig.cmake.in "$to/lib/cmake/vecsink/vecsinkConfig.cmake"
fill vecsinkConfigVersion.cmake.in "$to/lib/cmake/vecsink/vecsinkConfigVersion.cmake"
