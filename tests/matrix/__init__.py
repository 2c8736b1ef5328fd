"""The crash matrix (design, 5.3): a deployer is killed at every call that changes something, and run once more; the end must be a clean run's.

    deployer.py ────────────▶ proxy.py ──▶ server.py
    a forked child    counts, kills, refuses       an emulated account of deploy/emulator, which can fork itself with all that is in it

`account.py` is the handle of a server, `stage.py` the stage that is deployed, `laws.py` what must never be so on any cloud, `grid.py` runs the cells.
What a cloud has of its own is in the folder of its name, and `cloud.py` says what that must be. `make matrix` runs all cells, `make test` a share.
"""
