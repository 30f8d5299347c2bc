"""What a run would be, cost and take."""
