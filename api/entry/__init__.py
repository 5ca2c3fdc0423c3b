"""The hosted entry page: an app sends its person here, who gets a code, enters it, and goes back."""
