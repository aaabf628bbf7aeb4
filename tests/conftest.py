import os

# Read by azure-functions when it decodes durable payloads, as in the app's settings everywhere.
os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
