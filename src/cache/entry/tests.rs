//! What a packed entry keeps, and what it forgets.
