"""Two sources side by side: read, aligned, scored, and the scores as tables, plots and pages."""
