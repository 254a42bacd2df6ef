"""What all families of measures share: checks, grouping, levels, notes, ratios."""
