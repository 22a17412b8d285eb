"""Motion and local convolution as compiled loops."""
