#!/bin/sh
# Fuzzes a target for some seconds without cargo-fuzz, with the compiler that is there: run.sh TARGET SECONDS [further arguments of libFuzzer]
set -eu
cd "$(dirname "$0")"
target=$1
seconds=$2
shift 2
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing"
cargo build --release --target "$triple" --bin "$target"
mkdir -p "corpus/$target" "artifacts/$target"
exec "target/$triple/release/$target" "corpus/$target" seeds -dict=xml.dict -artifact_prefix="artifacts/$target/" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=20000 "$@"
