"""Real servers and browsers for the tests: found on the machine or in a wheel."""
