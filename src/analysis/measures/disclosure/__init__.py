"""Hide and round what could give away individual people."""
