"""What actions, read-back and evidence mean, without doing any of them."""
