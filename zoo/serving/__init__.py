"""Export, cards, loading."""
