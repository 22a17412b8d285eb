"""Names of the recipes. Imports nothing heavy, so that a wrong name is refused at once."""

FEATURES = ("sepconv-document-features",)
"""Those that compare features of VGG-19."""
NAMES = (
    "espcn-x2",
    "espcn-x3",
    "espcn-x4",
    "espcn-x3-mse",
    "espcn-x2-document",
    "aligned-x2",
    "robust-x2",
    "clean",
    "denoise",
    "delta-x2",
    "five-parallel-x2",
    "gz2019-x2",
    "delta-document",
    "five-parallel-document",
    "gz2019-document",
    "sepconv-paper",
    "sepconv-document",
    "sepconv-document-features",
    "sepconv-narrow",
    "msresnet-document",
    "msresnet-public",
    "unblur",
    "unblur-log",
    "unblur-gate",
    "flow",
)
