#!/bin/sh
# The libraries as they are installed, out of the archive that cargo makes: link.sh ARCHIVE FOLDER VERSION
#
# That archive holds Rust's standard library, librdkafka and OpenSSL with all their names visible. Here it becomes one object in
# which only the names vecsink_* are left, so that a host with its own librdkafka or OpenSSL keeps its own. libvecsink.a is that
# object, and libvecsink.so is linked from it.
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

# What the interface's functions need, and no more, is taken out of the archive.
"$NM" --defined-only --extern-only --format=posix "$archive" 2>"$work/nm" |
    sed -n 's/^\(vecsink_[a-z0-9_]*\) T .*/--undefined=\1/p' >"$work/roots"
if ! [ -s "$work/roots" ]; then
    cat "$work/nm" >&2
    echo "$archive has no functions vecsink_*: was it built with --features capi?" >&2
    exit 1
fi
# Groups are dissolved: the names by which a host's linker would tell them apart become local.
"$LD" -r --gc-sections --force-group-allocation -d "@$work/roots" -o "$work/all.o" "$archive"
# The bitcode of Rust's standard library is of no use here, and binutils with an older LLVM plugin stumble over it.
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
