"""What azd's hooks do around provisioning: look up, grant, connect (``azure.yaml``, docs/infra.md).

Everything is done with the deployer's own sign-in, through the Azure CLI, and may be run again at
any time: what is there already is left alone.
"""
