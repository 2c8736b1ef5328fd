"""Tests of authorizer."""
