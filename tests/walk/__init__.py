"""The whole walk on recorded events, byte for byte."""
