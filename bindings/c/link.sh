#!/bin/sh
# Makes the libraries that are installed from the archive that cargo makes: link.sh ARCHIVE FOLDER VERSION
#
# That archive contains Rust's standard library, librdkafka and OpenSSL, and all their names are visible. Here it becomes one object
# in which only the names vecsink_* are visible, so that a host can use its own librdkafka or OpenSSL. libvecsink.a is this object,
# and libvecsink.so is linked from it.
set -eu
archive=$1
folder=$2
version=$3
here=$(dirname "$0")
: "${CC:=cc}" "${LD:=ld}" "${AR:=ar}" "${NM:=nm}" "${OBJCOPY:=objcopy}"

if [ "$folder/libvecsink.a" -nt "$archive" ] && [ "$folder/libvecsink.so.$version" -nt "$here/vecsink.map" ] &&
    [ "$folder/libvecsink.so.$version" -nt "$0" ]; then
    exit 0
fi
mkdir -p "$folder"
work=$(mktemp -d "$folder/partial.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# From the archive only those parts are taken that the functions of the interface need.
"$NM" --defined-only --extern-only --format=posix "$archive" 2>"$work/nm" |
    sed -n 's/^\(vecsink_[a-z0-9_]*\) T .*/--undefined=\1/p' >"$work/roots"
if ! [ -s "$work/roots" ]; then
    cat "$work/nm" >&2
    echo "$archive has no functions vecsink_*: was it built with --features capi?" >&2
    exit 1
fi
# --force-group-allocation removes the section groups (COMDAT) from the object. A linker identifies a group by a symbol's name, and
# below these symbols become local, so the host's linker could not tell one group from another.
"$LD" -r --gc-sections --force-group-allocation -d "@$work/roots" -o "$work/all.o" "$archive"
# The LLVM bitcode of Rust's standard library is of no use here, and binutils with an older LLVM plugin fail on it.
"$OBJCOPY" --wildcard --keep-global-symbol='vecsink_*' --strip-debug --strip-unneeded \
    --remove-section=.llvmbc --remove-section=.llvmcmd "$work/all.o" "$work/vecsink.o"
rm "$work/all.o"
"$AR" rcsD "$work/libvecsink.a" "$work/vecsink.o"
"$CC" -shared -o "$work/libvecsink.so" "$work/vecsink.o" -Wl,-soname,"libvecsink.so.${version%%.*}" \
    -Wl,--version-script="$here/vecsink.map" -Wl,--gc-sections,--as-needed \
    -Wl,-z,defs,-z,relro,-z,now,-z,noexecstack,-z,nodelete -lgcc_s -lpthread -lm -ldl -lc
"$OBJCOPY" --strip-unneeded "$work/libvecsink.so"

mv "$work/libvecsink.a" "$folder/libvecsink.a"
mv "$work/libvecsink.so" "$folder/libvecsink.so.$version"
