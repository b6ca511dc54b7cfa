"""The pages: they read the tracking store, draw what is in it and hand specs to it; nothing is executed here."""
