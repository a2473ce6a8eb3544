"""The store in PostgreSQL: one module a shelf, COPY where rows come in bulk."""
