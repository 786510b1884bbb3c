"""A definition evaluated again reaches those who hold the old one."""
