"""Reading studies: who judges what in which order, what they said, and what it amounts to. No torch, no Qt."""
