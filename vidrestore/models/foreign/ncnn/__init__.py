"""Networks of ncnn: a text of layers (.param) and their weights (.bin)."""
