"""Weight files: what they say, how they are opened, how foreign ones become ours."""
