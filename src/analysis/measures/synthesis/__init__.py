"""Several estimates brought together: pooling, meta-analysis, meta-regression, contrasts."""
