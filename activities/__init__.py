"""Activities: one effect each. Validate the input, call a port, return a plain JSON outcome.

A failure that may pass is raised (the orchestration's retry policy tries again); a permanent one
is returned as an outcome or a note, so that it reaches the case record as a sentence.
"""
