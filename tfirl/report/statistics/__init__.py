"""What seeds and tasks come to together."""
