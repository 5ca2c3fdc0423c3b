"""What an SMS says: in which language, in which alphabet, and in how many segments."""
