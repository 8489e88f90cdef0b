"""Pure functions and values: no clock, disk, network, SQL, asyncio or randomness; all of these are arguments."""
