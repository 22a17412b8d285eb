"""Before and after of some moments, with several settings, and what a whole run would take."""
