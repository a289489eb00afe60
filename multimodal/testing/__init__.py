"""Fabricated data sets in the official layouts, with small pictures and every kind of fault, for tests.

>>> from multimodal.testing import fabricate
>>> root = fabricate("casme2", tmp_path, faults=["apex before onset"])
"""

from multimodal.testing.fabricate import FAKES, fabricate
from multimodal.testing.faults import FAULTS

__all__ = ["FAKES", "FAULTS", "fabricate"]
