"""What every stand-in has in common: ordered faults, webhooks, a server of its own."""
