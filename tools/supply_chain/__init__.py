"""What the app is made of: locks with hashes, secrets, known vulnerabilities, bill of materials."""
