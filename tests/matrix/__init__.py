"""The crash matrix (design, 5.3): a deployer is killed at every call that changes something, and run once more; the end must be a clean run's.

    deployer.py ──AWS_ENDPOINT_URL──▶ proxy.py ──▶ server.py
    a forked child    counts, kills, refuses       the strict moto of deploy/emulator/aws, which can fork itself with all that is in it

`calls.py` says which calls change something, `account.py` is the handle of a server, `stage.py` the stage that is deployed, `inventory.py` what lies
in the account in the end and what must never be so, `grid.py` runs the cells. `make matrix` runs all of them, `make test` a share.
"""
