"""What all tests of jobs on hosts need."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))  # for `labs`
