"""Graphs checked and drawn."""
