"""Subnets written as ONNX, judged by another program: valid files, the same outputs.

    python -m venv venv && venv/bin/pip install onnx onnxruntime numpy
    cargo build --release -p kurtz-learn --example onnx
    venv/bin/python crates/kurtz-learn/tests/onnx_by_onnxruntime.py target/release/examples/onnx
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

# Of outputs of size 1: 150 sums of single precision in other orders, eight layers deep.
TOLERANCE = 2e-5


def main():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.argv[1], directory], check=True)
        files = sorted(pathlib.Path(directory).glob("*.onnx"))
        failed = not files
        for path in files:
            onnx.checker.check_model(onnx.load(path), full_check=True)
            session = onnxruntime.InferenceSession(str(path))
            x, expected = (numpy.array(v, numpy.float32) for v in json.loads(path.with_suffix(".json").read_text()))
            (found,) = session.run(None, {session.get_inputs()[0].name: x[None, :]})
            worst = float(numpy.max(numpy.abs(found[0] - expected) / numpy.maximum(1.0, numpy.abs(expected))))
            # The batch is free.
            (twice,) = session.run(None, {session.get_inputs()[0].name: numpy.stack([x, 0 * x])})
            failed |= not worst < TOLERANCE or not numpy.allclose(twice[0], found[0], rtol=TOLERANCE)
            print(f"{path.stem}: largest difference {worst:.1e}")
    sys.exit(failed)


main()
