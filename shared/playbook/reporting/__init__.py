"""What people read: the case record, its texts, next steps and clocks."""
