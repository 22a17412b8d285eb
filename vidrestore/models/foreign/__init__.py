"""Networks of other programs' files, read as torch modules. Nothing in such a file is executed."""
