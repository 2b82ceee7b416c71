"""Programs that are measured from without, each in a process of its own."""
