"""Effects from trials and comparisons: proportions, two-by-two tables, series, differences in differences."""
