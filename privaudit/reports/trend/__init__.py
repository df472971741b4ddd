"""Audits over time as a chart."""
