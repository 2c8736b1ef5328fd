"""Tests of functions/shared/stores."""
