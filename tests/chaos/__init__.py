"""The kill proof: an installation killed again and again (PROMISES.md R1, R2, R22).

`trial` starts an installation, puts it under `load`, kills what serves, waits until all
is judged, and lets `proof` compare what is stored with the reference evaluator.
`python -m tests.chaos --times 50` plays a longer one than the suite does.
"""
