"""How stages run: in children of a fork server, when Dask decides, here or on many hosts."""
