"""Shapes that are not those of a signature: TF Serving leaves them to the graph.

With batching and without, over both protocols; the first request is the best known of TF Serving's
documentation.
"""

import grpc
import numpy as np
import pytest

from tests.tfserving import small_models
from tests.tfserving.model_server import Server, predict_request


@pytest.fixture(scope="module", params=["alone", "batched"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    small_models.half_plus(folder / "half" / "1")
    small_models.declare_scalar(small_models.half_plus(folder / "half" / "2", plus=3), "column")
    flags = ["--enable_batching"] if request.param == "batched" else []
    made = Server(
        "--model_name=half",
        f"--model_base_path={folder / 'half'}",
        *flags,
        log=folder / "log",
    )
    made.batched = bool(flags)
    yield made
    made.stop()


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0, 5.0],  # declared [] or [?, 1]
        [[1.0], [2.0]],
        [[1.0, 2.0], [5.0, 6.0]],
        [[[1.0]], [[2.0]]],
        [[]],
        [7.0],
    ],
)
def test_graphs_take_what_they_can(server, x):
    expected = np.array(x) / 2 + 3
    status, reply = server.post("half:predict", {"signature_name": "column", "instances": x})
    assert status == 200 and np.array_equal(reply["predictions"], expected)
    status, reply = server.post("half:predict", {"signature_name": "column", "inputs": x})
    assert status == 200 and np.array_equal(reply["outputs"], expected)
    answer = server.predict("half", "column", x=np.array(x, np.float32))["y"]
    np.testing.assert_array_equal(answer, expected)


def test_a_scalar_is_taken_where_nothing_is_joined(server):
    status, reply = server.post("half:predict", {"signature_name": "column", "inputs": 4.0})
    if server.batched:
        assert status == 400 and "at least one dimension" in reply["error"]
    else:
        assert (status, reply) == (200, {"outputs": 5.0})


def test_what_the_graph_cannot_take_is_an_invalid_argument(server):
    body = {"signature_name": "product", "instances": [[1.0, 2.0, 3.0]]}
    status, reply = server.post("half:predict", body)
    assert status == 400 and "Matrix size-incompatible" in reply["error"]
    request = predict_request("half", "product", x=np.ones([1, 3], np.float32))
    with pytest.raises(grpc.RpcError) as caught:
        server.predictions.Predict(request, 30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert server.post("half:predict", {"signature_name": "column", "instances": [1.0]})[0] == 200
