"""Tests of functions/shared/clouds."""
