"""Compiled functions that several tests are about."""

import numpy as np

import quelea


@quelea.jit
def dilate(image, k):
    m, n = image.shape
    out = np.empty_like(image)
    for i in range(m):
        for j in range(n):
            best = image[i, j]
            for ii in range(max(i - k // 2, 0), min(i + k // 2 + 1, m)):
                for jj in range(max(j - k // 2, 0), min(j + k // 2 + 1, n)):
                    best = max(best, image[ii, jj])
            out[i, j] = best
    return out
