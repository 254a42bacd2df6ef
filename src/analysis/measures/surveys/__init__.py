"""Estimates from samples, with the variance that the survey design calls for."""
