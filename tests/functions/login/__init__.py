"""Tests of functions/login."""
