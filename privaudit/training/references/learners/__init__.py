"""How one reference model comes to be, one learner per kind of model."""
