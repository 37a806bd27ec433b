"""What exists in the engine against what the template asks for."""
