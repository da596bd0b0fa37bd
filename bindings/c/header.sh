#!/bin/sh
# Makes include/vecsink.h again from src/ffi: header.sh FEATURES [CARGO FLAG...]
# The build script writes the header into its output folder. Cargo's messages name this folder.
set -eu
cd "$(dirname "$0")/../.."
features=$1
shift
out=$(cargo build --release --lib --features "$features" --message-format json "$@" |
    sed -n '/"reason":"build-script-executed"/s/.*"out_dir":"\([^"]*\/vecsink-[^"]*\)".*/\1/p')
cp "$out/vecsink.h" include/vecsink.h
