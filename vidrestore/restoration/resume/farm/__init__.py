"""One result made by many processes, on this machine or on many: by Ray, in pieces that --resume could have made."""
