"""Pure tensor functions the networks and the recipes share."""
