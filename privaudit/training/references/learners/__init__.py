"""How one reference model is trained: one learner per kind of model."""
