"""Which models and samples there are, and how they and what they need get here."""
