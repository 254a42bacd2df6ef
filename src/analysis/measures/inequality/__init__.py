"""Inequality between groups and persons: gaps, gradients, concentration, dispersion, attributable burden."""
