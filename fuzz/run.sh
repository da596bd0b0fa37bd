#!/bin/sh
# Builds fuzz targets and runs each for a time: run.sh SECONDS [TARGET...]
# Without a target: all but `properties`, which needs librdkafka built as well.
# What is found is put into fuzz/artifacts.
set -eu
cd "$(dirname "$0")"
seconds=$1
shift
if [ $# -eq 0 ]; then
    set -- $(ls fuzz_targets | sed -n 's/\.rs$//p' | grep -vx properties)
fi

features=
bins=
for target in "$@"; do
    bins="$bins --bin $target"
    [ "$target" != properties ] || features="--features kafka"
done

# What `cargo fuzz` passes for code without unsafe: coverage and no sanitizer. So the stable compiler will do.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --release --target "$host" $features $bins

for target in "$@"; do
    echo "$target: $seconds s"
    mkdir -p "target/found/$target" artifacts
    "target/$host/release/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix="artifacts/$target-" "target/found/$target" "corpus/$target"
done
