"""GreyNoise behind the ``Reputation`` port."""

from shared.providers.greynoise.reputation import GreyNoise

__all__ = ["GreyNoise"]
