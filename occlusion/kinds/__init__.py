"""The kinds of occluders and degradations, one a file. Every module in this folder is entered in the registry."""
