"""Region clips -> expression, action units, attention."""
