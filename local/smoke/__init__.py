"""Proves that a deployment works, and says what it saw of AWS that no documentation says."""
