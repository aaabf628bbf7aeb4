"""Entry points: the only code that sees a request or a durable client.

Each module has a Blueprint that ``function_app.py`` registers. Every route states its
``auth_level``: a Blueprint's own level is ignored by the durable SDK.
"""
