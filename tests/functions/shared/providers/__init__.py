"""Tests of functions/shared/providers: one file per vendor."""
