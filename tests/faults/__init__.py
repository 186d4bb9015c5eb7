"""What is done to files and writers on purpose: spoiled input, kills, full disks; `tools/faults.py` runs it at length."""
