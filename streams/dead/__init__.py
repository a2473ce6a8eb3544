"""Dead letters, for the people who look after them: what each is about, and what became of it."""
