"""Populations that no list counts completely: their size from the overlap of lists."""
