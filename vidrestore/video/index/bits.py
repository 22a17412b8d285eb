"""Numbers in the headers of H.264 and HEVC."""


class Bits:
    """Reads a header bit by bit; the bytes that keep start codes out of it are taken away first.

    Raises:
        ValueError: it ends before what is read.
    """

    def __init__(self, content: bytes) -> None:
        plain = content.replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(plain), 8 * len(plain)

    def take(self, count: int) -> int:
        """The next so many bits, as a number."""
        if count > self._left:
            raise ValueError("the header is cut short")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number: ue(v) in clause 9.1 of H.264."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
