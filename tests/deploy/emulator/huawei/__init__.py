"""The emulated Huawei Cloud."""
