"""Tests of the Huawei target, on the emulated account, in one process."""
