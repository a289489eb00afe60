"""Masked data sets: a copy of a data set in its own layout, with something before each face, and a manifest of what.

Pictures, videos, folders of frames, YOLO folders and flow-map folders come in; the copy is the same whatever the order
or the number of workers, and an interrupted run goes on where it was.
"""
