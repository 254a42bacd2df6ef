"""What share of cases is due to an exposure."""
