"""What is shown above the line that is typed, and to other programs."""
