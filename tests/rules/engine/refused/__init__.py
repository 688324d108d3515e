"""Definitions that are refused, by what is wrong with them."""
