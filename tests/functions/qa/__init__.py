"""Tests of functions/qa: one file per source file."""
