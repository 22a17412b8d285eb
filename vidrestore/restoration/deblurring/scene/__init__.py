"""What a picture was taken of, behind one blur, behind one for each part, or by a camera that moved."""
