"""Trains a model that predicts which customers will leave."""
