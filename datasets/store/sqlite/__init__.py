"""Django's SQLite backend with a fair lock in front of its only writer."""
