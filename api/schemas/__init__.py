"""What requests and answers hold: every field with its type, its bounds and its words."""
