"""What front ends with an asyncio loop have in common: a conversation that outlives its links."""
