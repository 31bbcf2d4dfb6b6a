"""Networks, training and checkpoints; everything that needs torch before the export."""
