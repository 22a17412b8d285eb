"""Time stamps."""
