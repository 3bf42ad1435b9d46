"""How good a model is: simulated users on images with known truth, figures of merit, tables and sheets."""
