"""The command evaluate: what each kind of network is measured on, as tables."""
