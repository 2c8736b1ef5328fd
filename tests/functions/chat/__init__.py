"""Tests of functions/chat: one file per source file."""
