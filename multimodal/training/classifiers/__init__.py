"""Classifiers of onset-apex motion that are trained anew in every fold: baselines and networks, one a file."""
