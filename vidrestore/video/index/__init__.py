"""Where a file's packets lie, and at which of them decoding can begin."""
