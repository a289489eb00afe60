"""Official layouts of micro-expression data sets, one a file; each reads a folder and its sheet into an index."""
