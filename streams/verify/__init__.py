"""Follows each loop until the customer says solved: mail reports, and the links in our mails."""
