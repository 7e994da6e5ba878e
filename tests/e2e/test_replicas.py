# SPDX-License-Identifier: Apache-2.0
"""Two controllers, of which one leads: the other takes over, and never do both write."""

import os
import signal

from cluster import SYSTEM
from e2e_case import E2eCase
from peer_case import sha256
from program import eventually

OBJECTS = 20


class Replicas(E2eCase):
    def setUp(self):
        super().setUp()
        self.leader, self.follower = (self.replica(name) for name in ("leader", "follower"))
        self.leader.start()
        self.follower.launch()

    def replica(self, name):
        controller = self.new_controller(name)
        self.addCleanup(controller.stop)
        return controller

    def publish(self):
        """New content for every object, of which all must become ready; whoever leads does that."""
        digests = {}
        for number in range(OBJECTS):
            content = os.urandom(100)
            self.registry.publish(f"{self.namespace}/app-{number}", content, tags=["v1"])
            digests[f"app-{number}"] = sha256(content)
            self.oci_artifact(f"app-{number}")
        self.wait_for_layers(digests)

    def writers(self):
        """Who wrote the objects, one after the other; none may begin before the one before has ended."""
        writers, last = [], ""
        for user, begin, end in self.cluster.writes(self.namespace, "ociartifacts"):
            name = user.removeprefix(f"system:serviceaccount:{SYSTEM}:")
            if name == user:
                continue  # this test
            if writers[-1:] != [name]:
                self.assertLess(last, begin, f"{name} writes before {writers[-1:]} has ended")
                writers.append(name)
            last = max(last, end)
        return writers

    def test_follower_takes_over_from_a_killed_leader(self):
        self.publish()
        self.leader.kill()
        self.publish()
        self.assertEqual(self.writers(), ["leader", "follower"])
        self.leader.launch()
        self.publish()
        self.assertEqual(self.writers(), ["leader", "follower"])

    def test_leader_that_is_stopped_hands_over_at_once(self):
        self.publish()
        self.assertEqual(self.leader.stop(), 0)
        # What it gave back is worth more than a lease that runs out: the follower asks every other second.
        eventually(self.follower.is_ready, "the follower leads", seconds=10)
        self.publish()
        self.assertEqual(self.writers(), ["leader", "follower"])

    def test_leader_that_slept_too_long_does_not_write(self):
        self.publish()
        self.leader.send_signal(signal.SIGSTOP)
        self.addCleanup(self.leader.send_signal, signal.SIGCONT)
        self.publish()
        self.leader.send_signal(signal.SIGCONT)
        self.publish()
        self.assertEqual(self.writers(), ["leader", "follower"])
