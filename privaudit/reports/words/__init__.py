"""How reports say things: the sentences that several formats share."""
