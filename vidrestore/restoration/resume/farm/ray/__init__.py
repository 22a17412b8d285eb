"""Workers that Ray runs, here and on the machines of a cluster; nothing else knows of it."""
