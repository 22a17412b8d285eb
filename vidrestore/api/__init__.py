"""What a program calls: files, frames and arrays restored with the steps and the code of the command line."""
