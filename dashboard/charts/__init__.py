"""Views to plotly figures: pure, the same view always gives the same figure."""
