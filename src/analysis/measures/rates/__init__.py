"""Rates, standardised rates, years lost, funnel plots."""
