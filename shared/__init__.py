"""Everything that can be tested without Azure Functions: models, playbook, ports, providers."""
