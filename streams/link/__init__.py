"""Links a customer's remark to the epics that would solve it, or asks a person."""
