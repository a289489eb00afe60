from __future__ import annotations

from multimodal.evaluation.face_motion import measure_motion


def test_motion_of_a_rendered_person_is_measured() -> None:
    figures = measure_motion(1, seed=1001)
    assert figures["found"] == 1
    assert figures["rigid.still"] < 0.15
    assert figures["rigid.sway"] < 0.25 * figures["rigid.sway_unaligned"]
    assert figures["dis.still.v"] > 0.5
    assert set(figures) >= {"dis.gain", "tvl1.sway.u", "dis-quick.still.v"}
