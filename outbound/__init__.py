"""The only way out of Bellwether: guarded HTTP, address rules, signing, sealing.

Nothing in here imports the rest of the program, and no other package opens a
connection of its own.
"""
