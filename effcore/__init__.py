"""effcore: which technique makes a model more efficient, how much, together with what, on this machine."""
