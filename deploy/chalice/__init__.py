"""chalice, for what it is good at (aws.md, 3): a second, independent maker of API Gateway's events, and the outline of a SAM template.

    bundle ─ host ─▶ a chalice app ─▶ its local gateway and its test client call our functions
                          └─ outline ─▶ `chalice package` ─ template ─▶ ours ─ export ─▶ template.json and the packager's zips

It has no aliases, no versions, no streaming and one zip for all, so it never owns production and nothing of it travels in a zip.
"""
