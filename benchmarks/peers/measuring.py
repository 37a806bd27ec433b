"""One run of a gateway with a workload, and what it took."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from benchmarks.peers.double_process import DoubleProcess
from benchmarks.peers.gateway import Gateway
from benchmarks.peers.process_meter import cpu_seconds, peak_bytes
from benchmarks.peers.workloads import Workload


@dataclass(frozen=True)
class Run:
    """What one run took. `texts` are recipients; `cpu` is the gateway's, `cpu_around` that of everything besides.

    `different` are the texts that were executed at least once, `executed` counts each time.
    """

    gateway: str
    workload: str
    latency: float
    batch: int | None
    texts: int
    seconds: float
    cpu: float
    cpu_around: float
    send_calls: int
    executed: int
    different: int
    aws_calls: int
    aws_calls_by: dict[str, int]
    write_units: int
    peak: int

    @property
    def a_second(self) -> float:
        """Texts per second."""
        return self.texts / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds of the gateway for 1,000 texts."""
        return self.cpu / self.texts * 1000

    @property
    def units_a_text(self) -> float:
        """DynamoDB's write units for a text."""
        return self.write_units / self.texts

    @property
    def busy(self) -> float:
        """The share of the machine's processors that the run took in all."""
        return (self.cpu + self.cpu_around) / self.seconds / (os.cpu_count() or 1)

    @property
    def doubled(self) -> int:
        """Texts that somebody got more than once, counted each time too many."""
        return self.executed - self.different

    @property
    def missing(self) -> int:
        """Texts that nobody got."""
        return self.texts - self.different


@dataclass(frozen=True)
class Bench:
    """The doubles that a gateway is measured with."""

    aws: DoubleProcess
    kobo: DoubleProcess

    def run(
        self, gateway: Gateway, workload: Workload, latency: float, *, losing: float = 0.0, batch: int | None = None
    ) -> Run:
        """Send a workload; `losing` is the share of the answers that get lost once the text was executed."""
        self.kobo.ask("/_stub/begin", {"latency": latency, "losing": losing})
        self.aws.ask("/_double/begin")
        around = [self.aws.pid, self.kobo.pid, os.getpid()]
        cpu, cpu_around, begun = cpu_seconds(gateway.pids), cpu_seconds(around), time.monotonic()
        gateway.send(workload, batch)
        cpu, cpu_around = cpu_seconds(gateway.pids) - cpu, cpu_seconds(around) - cpu_around
        # What follows the last call is no part of the pace, but of the work.
        send, aws = self.kobo.ask("/_stub/run"), self.aws.ask("/_double/count")
        return Run(
            gateway=gateway.name,
            workload=workload.name,
            latency=latency,
            batch=batch,
            texts=workload.recipients,
            seconds=send["last_at"] + latency - begun,
            cpu=cpu,
            cpu_around=cpu_around,
            send_calls=send["calls"],
            executed=send["executed"],
            different=send["different"],
            aws_calls=sum(aws["calls"].values()),
            aws_calls_by=aws["calls"],
            write_units=aws["write_units"],
            peak=max(map(peak_bytes, gateway.pids)),
        )
