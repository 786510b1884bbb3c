"""What the dashboard knows of its targets: no screen, no terminal, one asyncio loop."""
