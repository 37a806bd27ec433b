"""A run of the bench, to be varied by tests."""

from benchmarks.peers.gateway import OURS
from benchmarks.peers.measuring import Run

RUN = Run(
    gateway=OURS,
    workload="10,000 single texts",
    latency=0.05,
    batch=None,
    texts=10_000,
    seconds=10.0,
    cpu=1.0,
    cpu_around=0.5,
    send_calls=10_000,
    executed=10_000,
    different=10_000,
    aws_calls=20_000,
    aws_calls_by={},
    write_units=20_000,
    peak=2**20,
)
