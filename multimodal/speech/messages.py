"""Messages between the speaker and its process: lengths, a JSON object, plain samples.

Nothing is pickled.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LARGEST = 64 * 1024 * 1024


def send(stream: IO[bytes], message: dict[str, Any], payload: bytes = b"") -> None:
    """Write a message and flush.

    Raises:
        OSError: The other side is gone.
    """
    head = json.dumps(message, ensure_ascii=False).encode()
    stream.write(struct.pack("<II", len(head), len(payload)) + head + payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read the next message; None where the stream ends or holds something else."""
    sizes = stream.read(8)
    if len(sizes) < 8:
        return None
    head_size, payload_size = struct.unpack("<II", sizes)
    if head_size + payload_size > _LARGEST:
        return None
    content = stream.read(head_size + payload_size)
    if len(content) < head_size + payload_size:
        return None
    return json.loads(content[:head_size]), content[head_size:]
