"""What an account's sign-ins say: one attempt after another, and against what is usual."""
