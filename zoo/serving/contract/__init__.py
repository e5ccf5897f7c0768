"""TF Serving's contract as pure functions between JSON or protos and arrays; no I/O.

The two front ends (zoo.serving.rest, zoo.serving.grpc) take requests apart and put replies together
by it. Codes and texts of errors are those of TF Serving where its clients may look at them.
"""
