"""The command line door: one verb per step, and a clear next step after each. Heavy imports stay inside the commands."""

from shuyuan.cli.app import app

__all__ = ["app"]
