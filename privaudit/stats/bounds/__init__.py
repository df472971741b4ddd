"""Lower bounds on epsilon from the success of an attack. Each names what it assumes."""
