"""python -m vidrestore"""

from .cli import main

main()
