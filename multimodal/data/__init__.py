"""Data sets: official layouts, flow-map folders, gesture photos and synthetic people, as indexes of clips or images."""
