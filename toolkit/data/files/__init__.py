"""Files: found, downloaded, unpacked and checked."""
