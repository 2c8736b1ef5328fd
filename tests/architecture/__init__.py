"""What holds for the tree as a whole: its shape, its sizes, its imports."""
