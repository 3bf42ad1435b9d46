"""Many runs or many models side by side: the tables of the papers, on anybody's data."""
