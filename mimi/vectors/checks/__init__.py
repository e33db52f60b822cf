"""How each kind of published vector is verified, as its description says."""
