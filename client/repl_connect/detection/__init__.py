"""What is at the other end of a connection: evidence, and what follows from it (`detector.py`)."""
