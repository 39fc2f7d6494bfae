"""onnxruntime: the network as an ONNX graph, for predictions only."""

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.threads import THREADS


class OnnxRuntime:
    def __init__(self, case, weights):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        graph = _graph(case, weights)
        self.session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def predictors(self):
        return {"onnxruntime": lambda x: self.session.run(None, {"x": x})[0]}


def _graph(case, weights):
    activation = {"tanh": "Tanh", "relu": "Relu"}[case.activation]
    activations = [activation] * len(case.hidden) + ["Softmax"]
    nodes, value = [], "x"
    for i, name in enumerate(activations):
        nodes.append(helper.make_node("Gemm", [value, f"w{2 * i}", f"w{2 * i + 1}"], [f"z{i}"]))
        value = f"y{i}"
        nodes.append(helper.make_node(name, [f"z{i}"], [value]))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", case.inputs])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["n", case.sizes[-1]])],
        [numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
