"""A Huawei Cloud on this machine for the real SDKs: FunctionGraph, APIG, OBS, IAM, LTS and CES, built from huawei.md, not from our deployer.

    serving.py ─▶ control.py ─▶ signing.py, wire.py ─▶ functiongraph.py, apig.py, iam.py, lts.py, ces.py     the management APIs
    serving.py ─▶ obs.py                                                                                      OBS, its websites included
    data_plane.py ─▶ fleet.py ─▶ runtime.py                                                                   what was deployed, run

Where the contract says UNCONFIRMED or CONFLICT, `switches.py` has a switch with both answers; where it is silent, the emulator is strict.
"""
