"""`python -m lander.cli`, for processes that start themselves again."""

from lander.cli.main import main

main()
