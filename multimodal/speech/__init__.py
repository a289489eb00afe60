"""Decision -> sentence -> sound, in a process of its own."""
