"""What is known of the names in what is typed: completions, signatures, documentation."""
