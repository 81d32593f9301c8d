"""What the tests of cluster/ share is found beside them."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))  # for `labs`
sys.path.append(os.path.join(os.path.dirname(__file__), "..", "python"))  # for `soak`
pytest.register_assert_rewrite("labs")
