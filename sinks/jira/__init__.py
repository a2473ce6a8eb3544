"""Jira Cloud: the real tracker, its fake, the readers of its JSON, and a stand-in server."""
