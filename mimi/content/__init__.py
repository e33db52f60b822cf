"""MIMI content: messages, status reports, and the conversation that they make."""
