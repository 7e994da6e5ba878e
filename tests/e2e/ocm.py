# SPDX-License-Identifier: Apache-2.0
"""Names of ocm-controller v1, computed by another program than the one under test."""


def fnv1(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = value * 0x100000001B3 % 2**64 ^ byte
    return value.to_bytes(8, "little")


def repository_of(identity):
    """hashstructure v2 of a map of strings, with FNV-1."""
    combined = 0
    for key, value in identity.items():
        pair = fnv1(fnv1(key.encode()) + fnv1(value.encode()))
        combined ^= int.from_bytes(pair, "little")
    return f"sha-{int.from_bytes(fnv1(combined.to_bytes(8, 'little')), 'little')}"
