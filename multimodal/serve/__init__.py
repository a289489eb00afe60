"""The web page: the browser's camera in, what is seen, captions and voice out, on this machine alone."""
