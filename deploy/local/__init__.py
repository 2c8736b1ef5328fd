"""The whole of Twocan on one machine: gateway, embedded model, page."""
