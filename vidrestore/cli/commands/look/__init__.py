"""Commands to look before and while a file is restored."""
