"""How it flows: `streams.app` is the map, and the rooms stand in the order of the flow."""
