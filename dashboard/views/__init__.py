"""What the pages show, as frozen values: made from the frame of variants, drawn by `charts` and `screens`."""
