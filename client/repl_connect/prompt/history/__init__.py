"""What was entered before: kept, searched, suggested."""
