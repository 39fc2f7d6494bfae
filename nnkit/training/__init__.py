"""What makes a network learn: the memory of a session, steps, and the loops around them."""
