"""The app's OpenAPI document, made from its registered routes and the models that check bodies."""
