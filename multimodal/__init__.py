"""veilspeak: reads a hand sign and a fleeting expression from a camera, and says the meaning aloud, offline.

The rooms, in the order in which data walks through them: ``media``, ``face``, ``expression``, ``gesture``, ``fusion``,
``speech``; ``live`` wires them into one stream. ``data``, ``training`` and ``evaluation`` are the workbenches.
"""

import os

# From 1.29 on ONNX Runtime looks for its maker's telemetry host, past all that guards Python's sockets, and keeps a
# device ID in the user's folder, unless this is set before its first import, wherever that happens: so it stands here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
