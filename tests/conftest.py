"""What every test finds: how properties are searched, and the run itself."""

import hypothesis

pytest_plugins = (
    "tests.shares",
    "tests.plugin",
    "tests.installations",
    "tests.logged",
)

# Properties try the same examples every time, so that a failure is one for everybody;
# `--hypothesis-profile=search` looks for new ones. No deadline: the machine is shared.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, print_blob=True
)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("steady")
