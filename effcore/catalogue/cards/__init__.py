"""Cards of the ways of a technique, one file a technique where they are many."""
