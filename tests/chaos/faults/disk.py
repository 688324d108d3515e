"""A disk that is full."""

from __future__ import annotations

import resource
import time

from tests.chaos.arena import SQLITE
from tests.chaos.faults.base import Fault
from tests.chaos.scene import Scene


class FullDisk(Fault):
    """No file of the installation can be written for a while."""

    name = "disk"
    does = (
        "For 3 s no file of the installation takes another byte (`RLIMIT_FSIZE`, which"
        " a process can be given while it runs); requests are refused with 503 and a"
        " sentence, and accepted again once there is room."
    )
    databases = frozenset({SQLITE})

    def strike(self, scene: Scene) -> None:
        pid = scene.arena.installation.leader_of("bellwether")
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, most))
        try:
            time.sleep(3)
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
        scene.say("filled the disk and made room again")
        if not any("disk is full" in said for said in scene.load.sentences):
            scene.differences.append("nobody was told that the disk is full")
