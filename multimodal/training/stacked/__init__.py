"""Networks of all folds as one, with stacked parameters, so that they are trained together.

``layers`` holds the stacked twins of torch's layers, ``step`` what a pass needs beside the clips; ``front`` hands what
comes first in shallow nets to ``kernels``, which are put together of ``loops`` by the sizes of ``geometry``.
"""
