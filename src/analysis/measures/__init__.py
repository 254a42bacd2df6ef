"""Measures of health, inequality and effect: pure methods that know nothing of files, plots or languages."""
