"""What degradations are made of: sensors, lenses, lamps, codecs."""
