"""Tests of functions/admin."""
