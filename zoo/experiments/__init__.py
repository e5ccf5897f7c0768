"""Questions about VAEs and mixtures, each answered by variants trained side by side."""
