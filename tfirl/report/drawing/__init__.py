"""Figures, pictures and videos."""
