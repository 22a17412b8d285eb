"""The recipes, by name. A new one is a line in the file of its task, and its name in training/names.py."""

from .cleaning import CLEANING
from .deblurring import msresnet, unblur
from .interpolation import FLOW, sepconv
from .recipe import OPTIMISERS as OPTIMISERS
from .recipe import Recipe as Recipe
from .slides import SLIDES
from .upscaling import UPSCALING
from .video import VIDEO, document_002

RECIPES: dict[str, Recipe] = {
    **UPSCALING,
    **VIDEO,
    **CLEANING,
    **document_002(),
    **sepconv(),
    **msresnet(),
    **unblur(),
    "flow": FLOW,
    **SLIDES,
}
