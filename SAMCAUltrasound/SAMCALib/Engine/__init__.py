"""The model in use, its one worker thread, and what it has encoded."""
