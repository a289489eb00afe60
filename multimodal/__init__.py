"""veilspeak: reads a hand sign and a fleeting expression from a camera, and says the meaning aloud, offline.

The rooms, in the order in which data walks through them: ``media``, ``face``, ``expression``, ``gesture``, ``fusion``,
``speech``; ``live`` wires them into one stream. ``data``, ``training`` and ``evaluation`` are the workbenches.
"""

__version__ = "0.1.0"
