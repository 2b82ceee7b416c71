"""Lambda functions that show what the runtime does with them."""
