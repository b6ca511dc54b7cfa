"""The pages: they lay out views and figures, and hand what the user does to `data`."""
