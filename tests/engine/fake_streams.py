"""A CUDA stream's place where there is no GPU: it writes down what waits for what."""

from dataclasses import dataclass


@dataclass
class Stream:
    log: list[str]
    name: str

    def wait_stream(self, other: "Stream") -> None:
        self.log.append(f"{self.name} waits for {other.name}")
