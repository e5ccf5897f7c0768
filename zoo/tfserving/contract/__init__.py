"""TF Serving's contract as pure functions between JSON or protos and arrays; no I/O.

The two front ends (rest.py, grpc_services.py) parse requests and build replies with it. Errors have
TF Serving's codes and texts wherever clients may depend on them.
"""
