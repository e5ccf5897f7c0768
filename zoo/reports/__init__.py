"""Everything generated from the metrics of trained models: tables, cards, pages."""
