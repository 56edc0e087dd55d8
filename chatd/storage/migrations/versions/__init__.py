"""The steps, one file each. One that has been released is never changed again."""
