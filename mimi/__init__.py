"""More Instant Messaging Interoperability (MIMI), and Messaging Layer Security under it."""
