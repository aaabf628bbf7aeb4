"""What the lab's commands show at a terminal, in a log of CI, or in a dumb terminal."""
