"""What spots apexes and intervals, a file for each kind; each method enters itself in ``base``."""
