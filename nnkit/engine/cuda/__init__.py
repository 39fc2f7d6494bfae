"""Replay of a recorded step on an NVIDIA GPU. Imported when a GPU is asked for."""
