"""Areas with few events: shrinkage and ranks."""
