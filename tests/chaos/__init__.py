"""The proof under fire: an installation to which everything happens.

`trial` starts an installation in an `arena`, puts it under `load`, lets `faults`
strike it, waits until all is judged, and lets `proof` compare what is stored with the
reference evaluator. `witnesses` have followed the feed meanwhile, and a `sink` has
taken webhooks. `python -m tests.chaos --times 50` plays a longer trial than the suite.
"""
